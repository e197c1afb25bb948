/** Names for the text areas of CodeMirror, which screen readers meet without one. */

const UNNAMED = ".CodeMirror textarea:not([aria-label])";

/** Names each editor, now and whenever one is added, as the part of the page that it stands in. */
export function labelEditors(root: HTMLElement): () => void {
  const label = () => {
    for (const field of root.querySelectorAll(UNNAMED)) {
      const part = field.closest("[aria-label]")?.getAttribute("aria-label");
      if (part) field.setAttribute("aria-label", part);
    }
  };
  label();
  const observer = new MutationObserver(label);
  observer.observe(root, { childList: true, subtree: true });
  return () => observer.disconnect();
}
