/** What survives `JSON.parse(JSON.stringify(value))` unchanged. Checked at run time where an interface type cannot promise it. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }
