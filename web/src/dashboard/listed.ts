/** Which dashboards and alerts a list shows. */
import type { RuleAlert } from "../rules/client";
import type { DashboardLine } from "./client";
import { flagOf, numberOf, textOf, textsOf } from "./optionValues";
import type { PanelProps } from "./panel";

/** The dashboards that a list asks for: by words of the title, by tags. */
export function wantedDashboards(
  all: readonly DashboardLine[],
  options: PanelProps["options"],
): DashboardLine[] {
  const words = textOf(options["query"]).toLowerCase();
  const tags = textsOf(options["tags"]);
  return all
    .filter((one) => one.title.toLowerCase().includes(words))
    .filter((one) => tags.every((tag) => one.tags.includes(tag)))
    .slice(0, numberOf(options["maxItems"], 10));
}

/** The alerts that a list asks for: by words of the rule's name, and by state. */
export function wantedAlerts(all: readonly RuleAlert[], options: PanelProps["options"]): RuleAlert[] {
  const words = textOf(options["alertName"]).toLowerCase();
  const chosen = options["stateFilter"];
  const states = typeof chosen === "object" && chosen !== null ? (chosen as Record<string, unknown>) : {};
  const isWanted = (state: string): boolean => flagOf(states[state], true);
  return all
    .filter((one) => one.rule.toLowerCase().includes(words) && isWanted(one.state))
    .slice(0, numberOf(options["maxItems"], 20));
}
