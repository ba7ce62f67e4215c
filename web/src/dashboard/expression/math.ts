/** Formulas over the answers of queries: `($A + $B) / 2`, `abs($load) > 3`. */
import { mapped, numberOf, paired, type Value } from "./values";

const TOKEN =
  /\s*(?:(\d+(?:\.\d*)?(?:e[+-]?\d+)?|\.\d+)|\$\{([^}]+)\}|\$(\w+)|([a-z_]\w*)|(\*\*|&&|\|\||[=!<>]=|[-+*/%()<>!,]))/iy;

type Token =
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "name" | "word" | "sign"; readonly text: string };

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  const trimmed = text.trimEnd();
  TOKEN.lastIndex = 0;
  let at = 0;
  while (at < trimmed.length) {
    const found = TOKEN.exec(trimmed);
    if (found === null) throw new Error(`“${trimmed.slice(at, at + 12)}” is not understood in ${text}`);
    at = TOKEN.lastIndex;
    const [, number, braced, bare, word, sign] = found;
    if (number !== undefined) tokens.push({ kind: "number", value: Number(number) });
    else if (word !== undefined) tokens.push({ kind: "word", text: word.toLowerCase() });
    else if (sign !== undefined) tokens.push({ kind: "sign", text: sign });
    else tokens.push({ kind: "name", text: braced ?? bare ?? "" });
  }
  return tokens;
}

const truth = (value: boolean): number => (value ? 1 : 0);
const OPERATORS: Readonly<Record<string, (a: number, b: number) => number>> = {
  "||": (a, b) => truth(a !== 0 || b !== 0),
  "&&": (a, b) => truth(a !== 0 && b !== 0),
  "==": (a, b) => truth(a === b),
  "!=": (a, b) => truth(a !== b),
  "<": (a, b) => truth(a < b),
  "<=": (a, b) => truth(a <= b),
  ">": (a, b) => truth(a > b),
  ">=": (a, b) => truth(a >= b),
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "%": (a, b) => a % b,
  "**": (a, b) => a ** b,
};
const LEVELS: readonly (readonly string[])[] = [
  ["||"],
  ["&&"],
  ["==", "!=", "<", "<=", ">", ">="],
  ["+", "-"],
  ["*", "/", "%"],
];
const CONSTANTS: Readonly<Record<string, number | null>> = {
  nan: NaN,
  inf: Infinity,
  infn: -Infinity,
  null: null,
};
const FUNCTIONS: Readonly<Record<string, (value: number | null) => number | null>> = {
  abs: (value) => (value === null ? null : Math.abs(value)),
  log: (value) => (value === null ? null : Math.log(value)),
  round: (value) => (value === null ? null : Math.round(value)),
  ceil: (value) => (value === null ? null : Math.ceil(value)),
  floor: (value) => (value === null ? null : Math.floor(value)),
  is_nan: (value) => truth(Number.isNaN(value)),
  is_null: (value) => truth(value === null),
  is_inf: (value) => truth(value === Infinity || value === -Infinity),
  is_number: (value) => truth(value !== null && Number.isFinite(value)),
};

class Reader {
  private at = 0;

  constructor(
    private readonly tokens: readonly Token[],
    private readonly valuesOf: (name: string) => readonly Value[],
  ) {}

  whole(): readonly Value[] {
    const found = this.level(0);
    if (this.at < this.tokens.length) throw new Error("The formula goes on where it should have ended.");
    return found;
  }

  private level(depth: number): readonly Value[] {
    const signs = LEVELS[depth];
    if (signs === undefined) return this.power();
    let left = this.level(depth + 1);
    for (let sign = this.taken(signs); sign !== undefined; sign = this.taken(signs))
      left = this.apply(sign, left, this.level(depth + 1));
    return left;
  }

  private power(): readonly Value[] {
    const base = this.unary();
    return this.taken(["**"]) === undefined ? base : this.apply("**", base, this.power());
  }

  private unary(): readonly Value[] {
    const sign = this.taken(["-", "!"]);
    if (sign === undefined) return this.single();
    const apply = sign === "-" ? (value: number) => -value : (value: number) => truth(value === 0);
    return this.unary().map((value) => mapped(value, (number) => (number === null ? null : apply(number))));
  }

  private single(): readonly Value[] {
    const token = this.tokens[this.at++];
    if (token?.kind === "number") return [numberOf(token.value)];
    if (token?.kind === "name") return this.valuesOf(token.text);
    if (token?.kind === "sign" && token.text === "(") return this.closed();
    if (token?.kind === "word") return this.called(token.text);
    throw new Error("The formula ends too early or has an operator too many.");
  }

  private called(word: string): readonly Value[] {
    const apply = Object.hasOwn(FUNCTIONS, word) ? FUNCTIONS[word] : undefined;
    const known = apply !== undefined || Object.hasOwn(CONSTANTS, word);
    if (!known) throw new Error(`The function ${word} is not known.`);
    if (this.taken(["("]) === undefined) throw new Error(`After ${word} comes a bracket.`);
    if (apply !== undefined) return this.closed().map((value) => mapped(value, apply));
    if (this.taken([")"]) === undefined) throw new Error(`${word} takes nothing.`);
    return [numberOf(CONSTANTS[word] ?? null)];
  }

  private closed(): readonly Value[] {
    const found = this.level(0);
    if (this.taken([")"]) === undefined) throw new Error("A bracket is not closed.");
    return found;
  }

  private taken(signs: readonly string[]): string | undefined {
    const token = this.tokens[this.at];
    if (token?.kind !== "sign" || !signs.includes(token.text)) return undefined;
    this.at++;
    return token.text;
  }

  private apply(sign: string, left: readonly Value[], right: readonly Value[]): Value[] {
    const compute = OPERATORS[sign];
    if (compute === undefined) throw new Error(`The operator ${sign} is not known.`);
    return paired(left, right, (a, b) => (a === null || b === null ? null : compute(a, b)));
  }
}

/**
 * The values of a formula.
 *
 * @throws Error that says what is wrong with it.
 */
export function computed(formula: string, valuesOf: (name: string) => readonly Value[]): readonly Value[] {
  return new Reader(tokensOf(formula), valuesOf).whole();
}
