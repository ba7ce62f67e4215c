/** What a device program says of its options, on `sta/DEVICE/APP/form`, and the message that sets them. */
import type { TopicMessage } from "./news";

export type OptionValue = string | number | boolean | null;

export interface AppOption {
  readonly name: string;
  readonly kind: string;
  readonly value: OptionValue;
  /** Whether the hub has set it; otherwise it is as the program was started. */
  readonly set: boolean;
  readonly help?: string;
  readonly choices?: readonly OptionValue[];
  readonly min?: number;
  readonly max?: number;
}

export interface AppForm {
  readonly options: readonly AppOption[];
  /** What was wrong with the message before. */
  readonly error: string | null;
}

/** Where an app hears of its options, null for a topic that tells of none. */
export function configTopic(topic: string): string | null {
  const found = /^sta\/([\w-]+)\/([^/]+)\/form$/.exec(topic);
  return found === null ? null : `cmd/${found[1]}/${found[2]}/config`;
}

/** The form in a message, null where there is none. */
export function formOf(message: TopicMessage | undefined): AppForm | null {
  const told = message?.value as Partial<AppForm> | null | undefined;
  if (typeof told !== "object" || told === null || !Array.isArray(told.options)) return null;
  const options = (told.options as (Partial<AppOption> | null)[]).filter(
    (option) => typeof option?.name === "string" && typeof option.kind === "string",
  ) as AppOption[];
  return { options, error: typeof told.error === "string" ? told.error : null };
}

/** What was typed, as the program is told it: a number where one is wanted, and can be read. */
export function typed(option: AppOption, text: string): OptionValue {
  const choice = option.choices?.find((one) => String(one) === text);
  if (choice !== undefined) return choice;
  const isNumber = (option.kind === "int" || option.kind === "float") && text.trim() !== "";
  return isNumber && Number.isFinite(Number(text)) ? Number(text) : text;
}

/** The payload that sets what is changed, and leaves what the hub has set before. */
export function payloadOf(options: readonly AppOption[], changed: ReadonlyMap<string, OptionValue>): string {
  const wanted = options
    .filter((option) => option.set || changed.has(option.name))
    .map((option) => [option.name, changed.get(option.name) ?? option.value] as const);
  return JSON.stringify(Object.fromEntries(wanted));
}
