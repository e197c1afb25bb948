/** What the editors of GraphiQL lack: names for screen readers, and line numbers beside the text. */

const NEW = ".CodeMirror:not([data-completed])";

/** The element of an editor. */
interface Editor extends HTMLElement {
  CodeMirror?: { setOption: (name: "fixedGutter", value: boolean) => void };
}

/** Completes each editor, now and whenever one is added. Returns what ends that. */
export function completeEditors(root: HTMLElement): () => void {
  const complete = () => root.querySelectorAll<Editor>(NEW).forEach(completeEditor);
  complete();
  const observer = new MutationObserver(complete);
  observer.observe(root, { childList: true, subtree: true });
  return () => observer.disconnect();
}

function completeEditor(editor: Editor): void {
  editor.dataset["completed"] = "";
  // The part of the page that it stands in has a name.
  const name = editor.closest("[aria-label]")?.getAttribute("aria-label");
  if (name) editor.querySelector("textarea")?.setAttribute("aria-label", name);
  // CodeMirror misplaces a gutter that stands still while its editor is laid out: numbers are upon the text.
  editor.CodeMirror?.setOption("fixedGutter", false);
}
