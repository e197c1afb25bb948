/**
 * Takes the place of react-style-singleton in the build of the developers' pages.
 *
 * The dialogs of GraphiQL lock the scrolling of the page by a style sheet. The package writes it as
 * a `<style>` element, which the Content-Security-Policy refuses. An adopted sheet is allowed.
 */

import { useEffect } from "react";

interface Props {
  styles: string;
}

/** A component that applies its styles while at least one instance of it is shown. */
export function styleSingleton(): (props: Props) => null {
  const sheet = new CSSStyleSheet();
  let shown = 0;
  return function AdoptedStyle({ styles }: Props): null {
    useEffect(() => {
      sheet.replaceSync(styles);
      shown += 1;
      if (shown === 1) document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
      return () => {
        shown -= 1;
        if (shown === 0) document.adoptedStyleSheets = document.adoptedStyleSheets.filter((each) => each !== sheet);
      };
    }, [styles]);
    return null;
  };
}
