import { stringify } from 'yaml'
import { z } from 'zod'
import { configSchema } from '../src/config/schema.ts'
import { type SchemaNode, unwrap, walk } from '../src/config/schema-walk.ts'

/** The JSON Schema of the configuration file, for editors. It checks less than tlsrep does, and refuses nothing that tlsrep takes. */
export function configJsonSchema(): string {
  const schema = z.toJSONSchema(configSchema, {
    io: 'input',
    override: ({ jsonSchema }) => {
      // For the reference only; JSON Schema has no such keyword.
      Reflect.deleteProperty(jsonSchema, 'kind')
    },
  })
  const { $schema, ...rest } = schema
  const about = { title: 'Configuration of tlsrep', description: 'tlsrep.yaml; docs/configuration.md says more.' }
  return `${jsonText({ $schema, ...about, ...rest })}\n`
}

/** JSON as the formatter of this repository has it: lists of plain values on one line. */
function jsonText(value: unknown, indent = ''): string {
  const inner = `${indent}  `
  if (Array.isArray(value)) {
    if (value.every((item) => typeof item !== 'object'))
      return `[${value.map((item) => JSON.stringify(item)).join(', ')}]`
    return `[\n${value.map((item) => inner + jsonText(item, inner)).join(',\n')}\n${indent}]`
  }
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const entries = Object.entries(value).map(([key, item]) => `${inner}${JSON.stringify(key)}: ${jsonText(item, inner)}`)
  return entries.length === 0 ? '{}' : `{\n${entries.join(',\n')}\n${indent}}`
}

/** docs/configuration.md. Lists, not tables: descriptions are sentences. */
export function configReference(): string {
  const parts = [...walk(configSchema)].filter(({ path }) => path.length > 0)
  const sections = parts.filter(({ path }) => path.length === 1)
  return [INTRODUCTION, ...sections.flatMap(({ path }) => sectionText(path[0] ?? '', parts)), OUTRO].join('\n')
}

type Part = { path: readonly string[]; node: SchemaNode }

function sectionText(section: string, parts: readonly Part[]): string[] {
  const [head, ...keys] = parts.filter(
    ({ path, node }) => path[0] === section && path.at(-1) !== '[]' && node.description !== undefined,
  )
  if (head === undefined) return []
  const title = `## ${section}\n\n${[factsText(head.node), head.node.description].filter((text) => text !== '').join(' ')}\n`
  return keys.length === 0 ? [title] : [title, `${keys.map(keyText).join('\n')}\n`]
}

function keyText({ path, node }: Part): string {
  const name = `**\`${path.join('.').replaceAll('.[]', '[]')}\`**`
  return `- ${[name, factsText(node), node.description].filter((text) => text !== '').join(' ')}`
}

/** Kind and default, e.g. `` (ADDRESS:PORT; default `127.0.0.1:8642`) ``; nothing for a section. */
function factsText(node: SchemaNode): string {
  const kind = kindText(node)
  if (kind === undefined) return ''
  if (node.defaultInput !== undefined) return `(${kind}; default \`${inline(node.defaultInput)}\`)`
  return node.isOptional ? `(${kind})` : `(${kind}; required)`
}

function kindText(node: SchemaNode): string | undefined {
  const { schema, kind } = node
  if (kind !== undefined) return kind
  if (schema instanceof z.ZodEnum) return schema.options.map((option) => `\`${option}\``).join(', ')
  if (schema instanceof z.ZodBoolean) return '`true`, `false`'
  if (schema instanceof z.ZodLiteral) return [...schema.values].map((value) => `\`${String(value)}\``).join(', ')
  if (schema instanceof z.ZodNumber) return `number, ${schema.minValue} to ${schema.maxValue}`
  if (schema instanceof z.ZodArray) return `list of ${kindText(unwrap(schema.def.element)) ?? 'entries'}`
  return schema instanceof z.ZodString ? 'text' : undefined
}

function inline(value: unknown): string {
  return stringify(value, { collectionStyle: 'flow' }).trim()
}

const INTRODUCTION = `# Configuration

<!-- Made by services/platform/scripts/generate-docs.ts from services/platform/src/config. Change that, then: npm run generate -->

One YAML file. tlsrep takes \`--config FILE\`, else \`./tlsrep.yaml\`, else \`/etc/tlsrep/tlsrep.yaml\`, else the defaults: without any file, it
runs. \`tlsrep validate\` names everything that is wrong in a file, with line, key and what to write instead; so does a start.
\`tlsrep validate --print-config\` shows the file as it would be with every default written out. [tlsrep.example.yaml](tlsrep.example.yaml) has
every key. Editors check while you type, given this first line:

\`\`\`yaml
# yaml-language-server: $schema=./schemas/config/tlsrep.schema.json
\`\`\`

- A key that is left out, or has no value, has its default. A key that is not known, or is written twice, is an error.
- Times have a unit (\`ms\`, \`s\`, \`m\`, \`h\`, \`d\`), and so have sizes (\`kB\`, \`MB\`, \`GB\`; \`KiB\`, \`MiB\`, \`GiB\`).
- Relative paths start at the directory of the file.
- The environment has no say, but in the paths of secret files: \`\${CREDENTIALS_DIRECTORY}/clickhouse\`, as systemd's \`LoadCredential=\` wants it.
- Secrets are in files of their own, never in this one.
- Changes take effect at the next start.
`

const OUTRO = `## Mode and cap

What is done about a listing is the least of three: the listing's own tier, the cap, and the mode. Listeners and outputs may have a mode and a
cap of their own; where they have none, those of \`publisher\` hold. In mode \`observe\` nothing is done, and the log and the metrics say what
would have been. Raise the mode step by step, and look at those figures in between.
`
