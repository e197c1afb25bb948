import { Dialog } from "../../design/Dialog";
import { useText } from "../../i18n/messages";
import styles from "./OperatorHelp.module.css";
import { searchField } from "./field";
import { OPERATORS } from "./operators";

/** The operators of queries. Pressing one writes it into the field. */
export function OperatorHelp({ onClose }: { onClose: () => void }) {
  const text = useText();
  return (
    <Dialog title={text("search.operators")} onClose={onClose} full>
      <div className={styles.help}>
        <p>{text("search.operators_text")}</p>
        <ul>
          {OPERATORS.map((operator) => (
            <li key={operator.insert}>
              <button
                type="button"
                className={styles.operator}
                onClick={() => {
                  onClose();
                  searchField()?.insert(operator.insert);
                }}
              >
                <code dir="ltr">{operator.example}</code>
                <span>{text(operator.label)}</span>
              </button>
            </li>
          ))}
        </ul>
      </div>
    </Dialog>
  );
}
