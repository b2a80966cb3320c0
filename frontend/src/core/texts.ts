/** Texts for people with places for values: `{name}`. */

export type Values = Readonly<Record<string, string | number>>;

/** Put values in their places; a place without a value stays as it is. */
export function fillIn(text: string, values: Values): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

type Named<T extends string> = T extends `${string}{${infer Name}}${infer Rest}` ? Name | Named<Rest> : never;

/** What must be given with a text: exactly the values that it has places for, or nothing. */
export type ValuesOf<T extends string> = [Named<T>] extends [never] ? [] : [values: { [name in Named<T>]: string | number }];
