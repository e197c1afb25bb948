// Turns the digest off when a person asks for it: opening the link does nothing yet, since mail
// scanners open every link.
"use strict";

const said = document.getElementById("said");
const stop = document.getElementById("stop");

stop.addEventListener("click", async () => {
  stop.disabled = true;
  try {
    const answer = await fetch(location.pathname + location.search, { method: "POST" });
    if (answer.status === 204) {
      said.textContent = "Done: no more digests will come. You can turn them on again in the app.";
      stop.hidden = true;
      return;
    }
    const problem = await answer.json();
    said.textContent = problem.detail;
  } catch {
    said.textContent = "That did not work. Try again in a moment.";
  }
  stop.disabled = false;
});
