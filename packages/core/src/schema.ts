/** The part of a Standard Schema (version 1, https://standardschema.dev) that Stint uses; zod, valibot, arktype, effect and others fit it as they are. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaAnswer<Output> | Promise<SchemaAnswer<Output>>
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}
export type SchemaAnswer<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: ReadonlyArray<SchemaIssue> }
export interface SchemaIssue {
  readonly message: string
  readonly path?: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> | undefined
}

export type InferInput<S extends StandardSchema> = NonNullable<S['~standard']['types']>['input']
export type InferOutput<S extends StandardSchema> = NonNullable<S['~standard']['types']>['output']

/** A schema that checks nothing and only carries a type: `payload: unchecked<{ to: string }>()`. JSON-safety is still checked. */
export function unchecked<T>(): StandardSchema<T, T> {
  return UNCHECKED as StandardSchema<T, T>
}

const UNCHECKED: StandardSchema<unknown, unknown> = Object.freeze({
  '~standard': Object.freeze({ version: 1, vendor: 'stint', validate: (value: unknown) => ({ value }) }),
})
