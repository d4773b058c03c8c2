// A note's words with what was read out of them marked: by CSS highlights where there are any, so that the text stays one
// piece of text.

import { useEffect, useRef } from 'preact/hooks';

/** Part of a text, in Unicode characters from its beginning. */
export interface Span {
  id: string;
  start: number;
  text: string;
}

interface Highlights {
  set(name: string, highlight: unknown): void;
  delete(name: string): void;
}

/** Where so many characters are, in the units that ranges count. */
function offset(text: string, characters: number): number {
  return [...text].slice(0, characters).join('').length;
}

export function Evidence({ text, spans, now, lang }: { text: string; spans: Span[]; now?: string | undefined; lang?: string }) {
  const box = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    const node = box.current?.firstChild;
    const highlights = (CSS as unknown as { highlights?: Highlights }).highlights;
    if (!node || !highlights) return;
    const range = (span: Span): Range => {
      const made = new Range();
      const from = offset(text, span.start);
      made.setStart(node, Math.min(from, text.length));
      made.setEnd(node, Math.min(from + span.text.length, text.length));
      return made;
    };
    const Made = (globalThis as unknown as { Highlight: new (...ranges: Range[]) => unknown }).Highlight;
    highlights.set('evidence', new Made(...spans.filter((span) => span.id !== now).map(range)));
    const chosen = spans.find((span) => span.id === now);
    if (chosen) {
      const shown = range(chosen);
      highlights.set('now', new Made(shown));
      shown.startContainer.parentElement?.scrollIntoView({ block: 'nearest' });
    } else highlights.delete('now');
    return () => {
      highlights.delete('evidence');
      highlights.delete('now');
    };
  }, [text, spans, now]);
  return <p class="pre" ref={box} lang={lang}>{text}</p>;
}
