import styles from "./Choices.module.css";

interface ChoicesProps<Value extends string> {
  name: string;
  legend: string;
  value: Value;
  choices: readonly (readonly [Value, string])[];
  onChange: (value: Value) => void;
  /** The language of the words of a choice, where it is not that of the page. */
  languageOf?: (value: Value) => string;
}

/** One of a few: radio buttons that look like pills. */
export function Choices<Value extends string>({
  name,
  legend,
  value,
  choices,
  onChange,
  languageOf,
}: ChoicesProps<Value>) {
  return (
    <fieldset className={styles.group}>
      <legend>{legend}</legend>
      <div className={styles.choices}>
        {choices.map(([each, label]) => (
          <label key={each} className={styles.choice} lang={languageOf?.(each)}>
            <input
              type="radio"
              name={name}
              value={each}
              checked={each === value}
              onChange={() => onChange(each)}
            />
            {label}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
