//! Words to a machine: whether a sentence speaks to software, and whether it speaks on.

use crate::token::tokens;

/// Whether a sentence speaks to software in another language, by what such orders are made of.
pub(super) fn is_foreign_order(sentence: &str) -> bool {
    const WORDS: &[&str] = &[
        "извлеч", "инструкц", "игнорир", "забудь", "систем", "忽略", "系统", "助手", "指令", "تجاهل",
        "النظام", "talimat", "yoksay", "adımları", "asistan", "wypisz", "zignoruj", "powyższego",
        "aggiungi il passo", "ignora le", "istruzioni", "ignore les", "ignorez", "ne tiens pas compte",
        "ajoute l'étape", "füge den schritt", "anweisungen", "gib nur", "instrucciones", "añade el paso",
        "instruções", "指示", "無視", "지시",
    ];
    let small = sentence.to_lowercase();
    WORDS.iter().any(|word| small.contains(word))
}

/// Words that name a reader that is no person.
const MACHINES: &[&str] = &[
    "extractor", "parser", "summariser", "summarizer", "summarising", "summarizing", "chatbot", "chatgpt",
    "llm", "gpt", "gemini", "claude", "openai", "scribe", "jailbreak", "system_prompt", "prompt", "json",
    "schema", "bot", "llms", "extraktor", "extracteur", "systemprompt", "tokenizer", "transcriber", "ki",
    "ia", "algorithm", "webhook", "robot", "neural", "copilot", "automated", "autocomplete", "nlp",
];

/// Whether a sentence, as it looks, speaks to software.
pub(super) fn addresses_software(sentence: &str) -> bool {
    let words = tokens(sentence);
    let has = |set: &[&str]| words.iter().any(|token| token.is(set));
    let next = |a: &[&str], b: &[&str]| words.windows(2).any(|pair| pair[0].is(a) && pair[1].is(b));
    let person = next(
        &["physician", "medical", "healthcare", "care", "dental", "pharmacy", "shop"],
        &["assistant", "assistants"],
    );
    let marked = |word: &str| {
        words.windows(2).any(|pair| {
            pair[0].text == word
                && (pair[1].is_mark(':')
                    || pair[1].is_mark(',')
                    || pair[1].is_mark(']')
                    || pair[1].is_mark('>'))
        })
    };
    has(MACHINES)
        || overrides_the_past(sentence)
        || sentence.contains("d'extraction")
        || marked("system")
        || marked("assistant") && !person
        || marked("developer")
        || has(&["assistant"])
            && !person
            && has(&["you", "must", "list", "step", "remember", "revised", "directive"])
        || next(&["language", "extraction", "ai", "summary", "the", "this"], &["model", "engine"])
        || next(
            &["you", "system", "assistant", "developer"],
            &["are", "prompt", "message", "override", "mode"],
        ) && has(&["now", "prompt", "message", "override", "mode", "bot", "character", "pretend", "play"])
        || next(&["admin", "developer", "debug", "root", "god", "sudo"], &["mode", "override", "access"])
        || has(&["ai"])
        || next(&["ai", "an"], &["ai", "reader", "agent", "tool", "system", "instruction", "instructions"])
        || next(
            &["dear", "hello", "hi", "hey", "attention"],
            &["ai", "machine", "reader", "computer", "software", "assistant", "tool"],
        )
        || has(&["machine", "computer", "software", "engine"])
            && has(&[
                "ordered", "translate", "decode", "read", "reads", "reading", "told", "obey", "must",
                "program",
            ])
            && !has(&["cpap", "dialysis", "oct", "ice", "bp", "pressure", "washing"])
        || has(&["software", "program", "programme", "computer"])
            && has(&["processing", "imagine", "compliant", "void", "shut", "automated"])
        || has(&["extraction"])
            && has(&["tool", "engine", "software", "program", "step", "service", "pipeline"])
        || has(&["example", "sample"]) && has(&["output", "input", "answer"])
        || has(&["steps", "items", "entries", "actions"]) && has(&["zero", "empty"])
        || has(&["step", "answer"]) && has(&["printed", "shown", "consist"])
        || next(&["its", "your"], &["answer", "output", "reply", "response"])
        || sentence.contains("note is over")
        || sentence.contains("no action needed")
        || has(&["base", "hex", "rot"]) && has(&["decode", "decoded", "translate", "obey"])
        || next(
            &["plan", "checklist", "list", "step", "to-do"],
            &["item", "items", "step", "steps", "entry", "entries", "array"],
        )
        || has(&["kind", "frequency", "period", "periodunit"]) && sentence.contains('=')
        || has(&[
            "output", "respond", "emit", "append", "print", "return", "insert", "delete", "discard", "drop",
            "record", "hide", "add", "remove", "list", "show", "mark", "cancel", "empty", "render", "echo",
        ]) && has(&[
            "step", "steps", "item", "items", "entry", "entries", "yaml", "xml", "array", "field", "fields",
            "list",
        ]) && !has(&[
            "patient", "pt", "shopping", "medication", "medications", "drug", "waiting", "allergy", "problem",
        ])
        || has(&["reveal", "leak", "quote", "repeat"])
            && next(&["your", "hidden", "the", "full"], &["instructions", "prompt", "rules", "instruction"])
        || sentence.contains("set aside whatever")
        || sentence.contains("://") && has(&["click", "open", "log", "visit", "order", "go", "download"])
}

/// "Ignore all previous instructions": opens the way for what follows.
pub(super) fn overrides_the_past(sentence: &str) -> bool {
    let words = tokens(sentence);
    let has = |set: &[&str]| words.iter().any(|token| token.is(set));
    has(&[
        "ignore", "disregard", "forget", "override", "ignoriere", "ignora", "vergiss", "bypass", "overlook",
        "ignorez", "oublie", "oubliez", "olvida", "olvide", "dimentica", "zignoruj", "nevermind", "unsee",
    ]) && has(&[
        "previous", "prior", "instructions", "instruction", "above", "rules", "anweisungen", "instrucciones",
        "guidelines", "everything", "earlier", "précédent", "précède", "anterior", "precedenti",
        "istruzioni", "poprzednie", "instructions", "oben", "vorherigen", "preceding", "foregoing",
    ])
}

/// Whether an order to software carries what it wants, so that the next sentence is the doctor's
/// again.
pub(super) fn carries_its_order(sentence: &str) -> bool {
    let words = tokens(sentence);
    let verb = words.iter().any(|token| {
        token.is(&[
            "add", "append", "insert", "output", "list", "record", "write", "replace", "delete", "remove",
            "return", "show", "print", "tack", "include", "drop", "hide", "answer", "reply", "change",
            "rewrite", "multiply", "cancel", "emit", "extract", "reveal", "slip", "hand", "skip", "report",
            "treat", "quote", "put", "set", "mark", "leave", "discard", "contain", "translate", "decoded",
            "wipe", "behave", "obey", "prescribes", "state", "told", "read", "asked", "says", "wrote",
            "suggested", "run", "unescape", "becomes", "disclose", "cambia", "renvoie", "ajoute", "añade",
            "füge", "gib", "aggiungi", "dodaj", "schreib", "ändere",
        ])
    });
    words.len() <= 3 && !words.iter().any(|t| t.is(&["hi", "dear", "hello", "hey", "attention"]))
        || verb && words.len() > 3
        || sentence.contains(['"', '\u{201c}', '\u{ab}']) && words.len() > 5
}

/// "Stay in character", "then output …": goes on where an order to software stood.
pub(super) fn continues_order(sentence: &str) -> bool {
    const SOFTWARE: &[&str] =
        &["show", "print", "output", "emit", "return", "append", "insert", "render", "a", "q"];
    let words = tokens(sentence);
    let label = words.get(1).is_some_and(|token| token.is_mark(':'));
    if words.first().is_some_and(|first| first.is(SOFTWARE) && (first.text.len() > 1 || label)) {
        return true;
    }
    // "Keep this change secret"
    let secret = words.iter().any(|token| token.is(&["secret", "quiet", "silent"]));
    secret
        || tokens(sentence).first().is_some_and(|first| {
            first.is(&[
                "output", "answer", "print", "reply", "write", "show", "list", "add", "insert", "append",
                "discard", "delete", "remove", "return", "record", "instead", "stay", "pretend", "act",
                "behave", "set", "leave", "enter", "mark", "also", "and", "then", "now", "do", "this",
                "visit", "nobody", "tell", "skip", "change", "replace", "make", "end", "begin",
            ])
        }) && !tokens(sentence).iter().any(crate::drugs::is_strength)
}
