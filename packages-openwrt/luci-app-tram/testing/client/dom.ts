export type Attributes = Readonly<Record<string, unknown>>;

/**
 * Adds children as LuCI does: in an array each is a node or becomes a text. A bare string becomes HTML: what a device is
 * called must never be one.
 */
export function append(node: Node, children: unknown): void {
  if (Array.isArray(children)) {
    for (const child of children) {
      if (child instanceof Node) node.appendChild(child);
      else if (child !== null && child !== undefined)
        node.appendChild(document.createTextNode(String(child)));
    }
  } else if (typeof children === "function") append(node, children(node));
  else if (children instanceof Node) node.appendChild(children);
  else if (children !== null && children !== undefined) {
    (node as Element).insertAdjacentHTML("beforeend", String(children));
  }
}

/** Replaces the children of a node. */
export function content(node: Node, children: unknown): void {
  while (node.firstChild !== null) node.removeChild(node.firstChild);
  append(node, children);
}

/** Makes an element: `create(name, attributes, children)` or `create(name, children)`. */
export function create(name: string, attributes?: unknown, children?: unknown): HTMLElement {
  const node = document.createElement(name);
  const plain =
    typeof attributes === "object" &&
    attributes !== null &&
    !Array.isArray(attributes) &&
    !(attributes instanceof Node);
  if (!plain) {
    append(node, attributes);
    return node;
  }
  for (const [key, value] of Object.entries(attributes as Attributes)) {
    if (typeof value === "function") node.addEventListener(key, value as EventListener);
    else if (typeof value === "object") node.setAttribute(key, JSON.stringify(value));
    else node.setAttribute(key, String(value));
  }
  append(node, children);
  return node;
}
