import { Link } from "@tanstack/react-router";
import { ChevronRight } from "lucide-react";

import { useText } from "../../i18n/messages";
import styles from "./SectionList.module.css";
import { SECTIONS } from "./sections";

/** The navigation of the settings; with `detailed` each entry says what is found there. */
export function SectionList({ detailed = false }: { detailed?: boolean }) {
  const text = useText();
  return (
    <nav className={styles.list} aria-label={text("settings.title")} data-detailed={detailed}>
      <ul>
        {SECTIONS.map((section) => (
          <li key={section.label}>
            <Link to={section.to} className={styles.link}>
              <section.icon size={22} className={styles.icon} />
              <span className={styles.words}>
                <span className={styles.name}>{text(section.label)}</span>
                {detailed && <span className={styles.about}>{text(section.about)}</span>}
              </span>
              {detailed && <ChevronRight size={18} className={styles.forward} />}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
