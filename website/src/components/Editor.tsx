// A small editor: a text area, line numbers, and colours behind it.
import { useEffect, useId, useRef } from "react";
import { usePrismTheme } from "@docusaurus/theme-common";
import { Highlight } from "prism-react-renderer";
import styles from "./editor.module.css";

interface Props {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly language: "ts" | "asm";
  readonly label: string;
  /** The number of the first line. */
  readonly first?: number;
  /** Lines with something wrong, counted from 1, and what. */
  readonly wrong?: ReadonlyMap<number, string>;
  /** Whether one can write at once. */
  readonly focused?: boolean;
}

export default function Editor(props: Props) {
  const { value, onChange, language, label, first = 1, wrong } = props;
  const { focused = false } = props;
  const theme = usePrismTheme();
  const complaints = useId();
  const place = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    if (focused) place.current?.focus({ preventScroll: true });
  }, [focused]);
  const lines = value.split("\n").length;
  return (
    <div className={styles.editor}>
      <div className={styles.page} style={{ ...theme.plain }}>
        <div className={styles.gutter} aria-hidden="true">
          {Array.from({ length: lines }, (_, index) => (
            <div key={index}
              className={wrong?.has(index + 1) ? styles.wrong : ""}>
              {first + index}
            </div>))}
        </div>
        <div className={styles.text}>
          <Highlight code={value + "\n"} language={language} theme={theme}>
            {({ tokens, getLineProps, getTokenProps }) => (
              <pre className={styles.colours} aria-hidden="true">
                {tokens.map((line, index) => (
                  <div {...getLineProps({ line })} key={index}
                    className={wrong?.has(index + 1) ? styles.wrong : ""}>
                    {line.map((token, at) =>
                      <span {...getTokenProps({ token })} key={at} />)}
                  </div>))}
              </pre>)}
          </Highlight>
          <textarea ref={place} aria-label={label} value={value}
            spellCheck={false} autoCapitalize="off" autoComplete="off" wrap="off"
            aria-invalid={wrong !== undefined && wrong.size > 0}
            aria-describedby={complaints} rows={lines}
            onChange={(event) => onChange(event.target.value)} />
        </div>
      </div>
      <ul className={styles.complaints} id={complaints}>
        {[...wrong ?? []].map(([line, message]) =>
          <li key={line}>line {first + line - 1}: {message}</li>)}
      </ul>
    </div>
  );
}
