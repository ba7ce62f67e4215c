/** What the hub did not keep or did not see of the topics, in words; nothing where it saw all. */
import { formatCount } from "../format";
import type { TopicCounts } from "./news";

export function missedText(counts: TopicCounts): string {
  const parts: string[] = [];
  if (counts.evicted_topics > 0) parts.push(`${formatCount(counts.evicted_topics)} silent topics let go`);
  if (counts.missed_messages > 0) {
    parts.push(`${formatCount(counts.missed_messages)} not looked at: too many at once`);
  }
  if (counts.interruptions > 0) {
    const seconds = (counts.interrupted_ms / 1000).toFixed(0);
    parts.push(`${formatCount(counts.interruptions)} times cut off from the broker, ${seconds} s in all`);
  }
  return parts.map((part) => `, ${part}`).join("");
}
