/** What an import made of a dashboard: how many panels are right, which are drawn otherwise, which not. */
import type { Report, ReportLine } from "./client";

function Lines({ title, lines }: { title: string; lines: readonly ReportLine[] }) {
  if (lines.length === 0) return null;
  return (
    <>
      <h3>{title}</h3>
      <ul>
        {lines.map((line, i) => (
          <li key={i}>
            <b>{line.title || line.type}</b> <span class="hint">{line.type}</span> {line.what}
          </li>
        ))}
      </ul>
    </>
  );
}

export function ReportTable({ report }: { report: Report }) {
  const elsewhere = report.elsewhere ?? [];
  return (
    <div class="report" data-testid="report">
      <p>
        {report.supported} of {report.panels} panels are drawn, with {report.queries} queries.
        {report.degraded.length + report.unsupported.length + elsewhere.length === 0
          ? " Nothing is missing."
          : ""}
      </p>
      <Lines title="Drawn otherwise" lines={report.degraded} />
      <Lines title="Not drawn" lines={report.unsupported} />
      {elsewhere.length === 0 ? null : (
        <>
          <h3>Beside the panels</h3>
          <ul>
            {elsewhere.map((sentence, i) => (
              <li key={i}>{sentence}</li>
            ))}
          </ul>
        </>
      )}
      {(report.undefined ?? []).length === 0 ? null : (
        <p>
          Queries mention variables that nothing defines; each has a box above the panels:{" "}
          <b>{(report.undefined ?? []).join(", ")}</b>
        </p>
      )}
    </div>
  );
}
