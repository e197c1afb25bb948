import { screen } from "@testing-library/react";
import { expect, it } from "vitest";

import { heron } from "../../test/media";
import { renderPage } from "../../test/render";
import { MediaGrid } from "./MediaGrid";

const [small] = heron.variants;
if (!small) throw new Error("The example has a file.");
const still = { ...small, name: "compat", url: "http://media.test/compat.jpg", content_type: "image/jpeg" };

it("keeps the focal point of a picture in view", async () => {
  await renderPage(<MediaGrid media={[{ ...heron, alt_text: "A heron", focal_point: { x: 0.5, y: -1 } }]} />);
  const picture = await screen.findByAltText("A heron");
  expect(picture.style.objectPosition).toBe("75% 100%");
});

it("shows an animation, and a still picture of it where less motion is wanted", async () => {
  const animation = { ...heron, kind: "animation" as const, alt_text: "Waves", variants: [small, still] };
  await renderPage(<MediaGrid media={[animation]} />);
  const picture = await screen.findByAltText<HTMLImageElement>("Waves");
  expect(picture.getAttribute("src")).toBe(small.url);
  const source = picture.parentElement?.querySelector("source");
  expect(source?.media).toBe("(prefers-reduced-motion: reduce)");
  expect(source?.getAttribute("srcset")).toBe(still.url);
});

it("names a video, and shows its poster", async () => {
  const poster = { ...small, name: "poster", url: "http://media.test/poster.webp" };
  await renderPage(<MediaGrid media={[{ ...heron, kind: "video", alt_text: "A flight", variants: [poster] }]} />);
  const video = await screen.findByLabelText<HTMLVideoElement>("A flight");
  expect(video.poster).toBe(poster.url);
});

it("says that a medium is not ready, or could not be processed", async () => {
  await renderPage(
    <MediaGrid
      media={[
        { ...heron, state: "processing", variants: [] },
        { ...heron, id: "51", state: "failed", failure: "MEDIA_CORRUPT", variants: [] },
      ]}
    />,
  );
  await screen.findByText("Being processed …");
  screen.getByText("Could not be processed");
});
