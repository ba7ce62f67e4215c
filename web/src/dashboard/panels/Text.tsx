/** A panel of text: Markdown, HTML or code, made harmless. */
import { useMemo } from "preact/hooks";
import { textOf } from "../optionValues";
import type { PanelProps } from "../panel";
import { safeHtml } from "../safeHtml";

export function Text({ options, expand, panel }: PanelProps) {
  const content = textOf(options["content"]);
  const mode = textOf(options["mode"], "markdown");
  const text = useMemo(() => expand(content), [content, expand]);
  const html = useMemo(
    () => (mode === "code" ? "" : safeHtml(text, mode === "html" ? "html" : "markdown")),
    [text, mode],
  );
  const label = panel.title === undefined || panel.title === "" ? "Text" : panel.title;
  if (mode === "code")
    return (
      <pre class="dash-text" tabIndex={0} aria-label={label}>
        {text}
      </pre>
    );
  // safeHtml took out whatever could run or reach beyond the panel.
  return <div class="dash-text prose" dangerouslySetInnerHTML={{ __html: html }} />;
}
