import { fireEvent, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";

import { renderPage } from "../test/render";
import { Dialog } from "./Dialog";

it("closes with its own cancellation, not with one of a dialog or a file chooser inside", async () => {
  const outer = vi.fn();
  const inner = vi.fn();
  await renderPage(
    <Dialog title="Outer" onClose={outer}>
      <input type="file" aria-label="File" />
      <Dialog title="Inner" onClose={inner}>
        Text
      </Dialog>
    </Dialog>,
  );
  const cancel = (element: Element, bubbles = false) =>
    fireEvent(element, new Event("cancel", { bubbles, cancelable: true }));
  cancel(await screen.findByLabelText("File"), true);
  cancel(screen.getByRole("dialog", { name: "Inner" }));
  expect(inner).toHaveBeenCalled();
  expect(outer).not.toHaveBeenCalled();

  cancel(screen.getByRole("dialog", { name: "Outer" }));
  expect(outer).toHaveBeenCalled();
});

it("leaves the page locked while another dialog is open", async () => {
  const overflow = () => document.documentElement.style.overflow;
  const outer = await renderPage(
    <Dialog title="Outer" onClose={() => undefined}>
      Text
    </Dialog>,
  );
  await screen.findByText("Outer");
  const inner = await renderPage(
    <Dialog title="Inner" onClose={() => undefined}>
      Text
    </Dialog>,
  );
  await screen.findByText("Inner");
  inner.unmount();
  expect(overflow()).toBe("hidden");
  outer.unmount();
  expect(overflow()).toBe("");
});
