import { content, create } from "./dom.ts";

type Handler = (this: unknown, ...args: unknown[]) => unknown;

/** Dialogs, notifications and handlers of buttons. */
export function uiOf(apply: () => Promise<unknown>) {
  const hideModal = (): void => {
    document.querySelector("#modal_overlay")?.remove();
  };
  return {
    hideModal,

    /** One dialog at a time; a title would become HTML, so the views give none. */
    showModal: (title: string | null, children: unknown, ...classes: string[]): HTMLElement => {
      hideModal();
      const dialog = create("div", {
        class: ["modal", ...classes].join(" "),
        role: "dialog",
        "aria-modal": "true",
        tabindex: "-1",
      });
      content(dialog, children);
      if (title !== null) dialog.prepend(create("h3", {}, title));
      document.body.appendChild(create("div", { id: "modal_overlay" }, [dialog]));
      dialog.focus();
      return dialog;
    },

    addNotification: (title: string | null, children: unknown, ...classes: string[]): HTMLElement => {
      const box = create("div", { class: ["alert-message", ...classes].join(" ") }, [
        ...(title === null ? [] : [create("h3", {}, title)]),
      ]);
      const inside = create("div");
      content(inside, children);
      const dismiss = create("button", { class: "btn", click: () => box.remove() }, ["Dismiss"]);
      box.append(inside, dismiss);
      document.querySelector("#maincontent")?.prepend(box);
      return box;
    },

    /** The button cannot be pressed again until what it started has ended. */
    createHandlerFn: (self: Record<string, unknown>, fn: Handler | string, ...args: unknown[]) => {
      const run = typeof fn === "string" ? (self[fn] as Handler) : fn;
      return (event: Event): void => {
        const button = event.currentTarget as HTMLButtonElement;
        button.classList.add("spinning");
        button.disabled = true;
        button.blur();
        void Promise.resolve(run.apply(self, [...args, event])).finally(() => {
          button.classList.remove("spinning");
          button.disabled = false;
        });
      };
    },

    changes: { apply },
  };
}
