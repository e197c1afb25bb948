/** Writes parsed messages in the worker, where nothing else needs the library of the pages. */

import type { MessageFormatElement } from "@formatjs/icu-messageformat-parser";

// The types of elements that titles have; the numbers are those of the parser.
const LITERAL = 0;
const ARGUMENT = 1;
const PLURAL = 6;
const POUND = 7;

/** The message with its values. Throws where it has elements that no title has. */
export function formatted(
  elements: readonly MessageFormatElement[],
  values: Readonly<Record<string, string | number>>,
  language: string,
  count = 0,
): string {
  return elements
    .map((element) => {
      switch (element.type as number) {
        case LITERAL:
          return (element as { value: string }).value;
        case POUND:
          return new Intl.NumberFormat(language).format(count);
        case ARGUMENT:
          return String(values[(element as { value: string }).value] ?? "");
        case PLURAL: {
          const { value, options } = element as Extract<MessageFormatElement, { options: object; offset: number }>;
          const number = Number(values[value]);
          const form = new Intl.PluralRules(language).select(number);
          const option = options[`=${number}`] ?? options[form] ?? options["other"];
          return formatted(option?.value ?? [], values, language, number);
        }
        default:
          throw new TypeError(`A title has no elements of type ${element.type}.`);
      }
    })
    .join("");
}
