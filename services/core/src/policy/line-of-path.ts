import { type Document, isCollection, isMap, isNode, isPair, isScalar, type LineCounter } from 'yaml'

/**
 * Line at which the key or list item of a path stands, from 1; where the text does not hold it, the line of the innermost key around
 * it that it does hold.
 */
export function lineOfPath(document: Document, lines: LineCounter, path: readonly (string | number)[]): number {
  let node: unknown = document.contents
  let offset = 0
  for (const step of path) {
    if (!isCollection(node)) break
    const pair = isMap(node)
      ? node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(step))
      : undefined
    const marker = pair?.key ?? node.get(step, true)
    if (!isNode(marker)) break
    offset = marker.range?.[0] ?? offset
    node = isPair(pair) ? pair.value : marker
  }
  return lines.linePos(offset).line || 1
}
