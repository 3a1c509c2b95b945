/** From this length on, V8 makes a slice a view that keeps the whole string behind it alive. */
const SHORTEST_VIEW = 13;
/** Levels that many nodes have: a thousand devices of one kind name their properties alike. So many are remembered. */
const NAMES = 1_024;
const LONGEST_NAME = 64;
const names = new Map<string, string>();

/** The same text in a piece of its own, and one for all nodes where that can be. */
function nameOf(level: string): string {
  const known = names.get(level);
  if (known !== undefined) return known;
  const own = level.length < SHORTEST_VIEW ? level : Buffer.from(level).toString();
  if (own.length > LONGEST_NAME) return own;
  if (names.size >= NAMES) names.clear();
  names.set(own, own);
  return own;
}

/**
 * A node of a tree of topics: one level below its parent. Most nodes have one child or none, so a `Map` is made for the
 * second child only; an empty one alone would cost more than the rest of the node.
 */
export abstract class LevelNode<Self extends LevelNode<Self>> {
  readonly level: string;
  readonly parent: Self | undefined;
  #children: Self | Map<string, Self> | undefined = undefined;

  /** @param parent undefined for the root, whose level means nothing. */
  constructor(level: string, parent: Self | undefined) {
    this.level = nameOf(level);
    this.parent = parent;
  }

  child(level: string): Self | undefined {
    const children = this.#children;
    if (children === undefined) return undefined;
    if (children instanceof Map) return children.get(level);
    return children.level === level ? children : undefined;
  }

  /** @param child is of a level that no child has yet. */
  addChild(child: Self): void {
    const children = this.#children;
    if (children === undefined) {
      this.#children = child;
    } else if (children instanceof Map) {
      children.set(child.level, child);
    } else {
      this.#children = new Map([
        [children.level, children],
        [child.level, child],
      ]);
    }
  }

  removeChild(child: Self): void {
    const children = this.#children;
    if (children === child) {
      this.#children = undefined;
    } else if (children instanceof Map) {
      children.delete(child.level);
      if (children.size === 1) [this.#children] = children.values();
    }
  }

  get hasChildren(): boolean {
    return this.#children !== undefined;
  }

  /** All children, in a list of the caller's own. */
  children(): Self[] {
    const children = this.#children;
    if (children === undefined) return [];
    return children instanceof Map ? [...children.values()] : [children];
  }

  /** The levels from the root down to this node, joined. */
  get path(): string {
    const levels: string[] = [];
    for (let node: LevelNode<Self> | undefined = this; node?.parent !== undefined; node = node.parent) {
      levels.push(node.level);
    }
    return levels.reverse().join("/");
  }
}
