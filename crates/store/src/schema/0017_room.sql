-- How PostgreSQL is to lay rows down, and to find them.

-- A note's sealed form is a few kilobytes. In its row it is one page to write and to read; beside it, where what is wider
-- than 2 KB is put, it is pieces of 2 KB, each with an entry in an index.
alter table envelope set (toast_tuple_target = 8160);
-- Each row is written when something falls due and once more when that is over; where its page has room, no index is touched.
alter table occurrence set (fillfactor = 50);
alter table open_reminder set (fillfactor = 50);
-- A note's grants are found by the note. Of two indexes the planner took this one, and read all that a reader was ever given.
drop index note_grant_of_reader;
