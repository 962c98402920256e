/** As much of a CRD's schema as tells which fields the API server would drop. */

export interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly maxItems?: number;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
}

/** What every object has, whatever its schema. */
const universal = new Set(['apiVersion', 'kind', 'metadata']);

/** @returns the paths of fields that the schema neither declares nor is open to */
export function undeclaredFields(schema: Schema, value: unknown, path = ''): readonly string[] {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined
      ? []
      : value.flatMap((item, index) => undeclaredFields(items, item, `${path}[${index}]`));
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, field]) => {
    const at = `${path}.${name}`;
    if (path === '' && universal.has(name)) return [];
    const { additionalProperties } = schema;
    const declared =
      schema.properties?.[name] ??
      (typeof additionalProperties === 'object' ? additionalProperties : undefined);
    if (declared !== undefined) return undeclaredFields(declared, field, at);
    return schema['x-kubernetes-preserve-unknown-fields'] ? [] : [at];
  });
}
