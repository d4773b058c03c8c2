// A row that is pushed aside is done, one that is held says more: extras beside its buttons (WCAG 2.5.1, 2.5.7).

/** So far aside, in parts of the row. */
const FAR = 0.4;
const HELD = 500;

function swallow(event: Event): void {
  event.preventDefault();
  event.stopPropagation();
}

export function gestures(done: () => void, more: () => void) {
  let from: { x: number; y: number } | undefined;
  let held: ReturnType<typeof setTimeout> | undefined;
  const end = (row: HTMLElement): void => {
    clearTimeout(held);
    from = undefined;
    row.style.translate = '';
  };
  return {
    onPointerDown({ pointerType, clientX, clientY, target, currentTarget: row }: PointerEvent & { currentTarget: HTMLElement }): void {
      if (pointerType === 'mouse' || (target as Element).closest('button')) return;
      from = { x: clientX, y: clientY };
      held = setTimeout(() => {
        end(row);
        // The finger that is lifted now touches nothing else.
        addEventListener('click', swallow, { capture: true, once: true });
        addEventListener('pointerup', () => setTimeout(() => removeEventListener('click', swallow, true), 100), { once: true });
        more();
      }, HELD);
    },
    onPointerMove({ clientX, clientY, currentTarget: row }: PointerEvent & { currentTarget: HTMLElement }): void {
      if (!from) return;
      const [x, y] = [clientX - from.x, clientY - from.y];
      if (Math.hypot(x, y) > 10) clearTimeout(held);
      if (Math.abs(x) > Math.abs(y)) row.style.translate = `${x}px`;
    },
    onPointerUp({ clientX, currentTarget: row }: PointerEvent & { currentTarget: HTMLElement }): void {
      const far = from && Math.abs(clientX - from.x) > FAR * row.clientWidth;
      end(row);
      if (far) done();
    },
    onPointerCancel: ({ currentTarget }: { currentTarget: HTMLElement }): void => end(currentTarget),
    // A finger that is held would open the link's menu.
    onContextMenu: (event: MouseEvent): void => void (from && event.preventDefault()),
  };
}
