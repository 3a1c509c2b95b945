/** LuCI's classes: `extend` makes a subclass of an object of members, `__init__` is the constructor. */
export class Base {
  constructor(...args: unknown[]) {
    const { __init__ } = this as { __init__?: (...given: unknown[]) => void };
    __init__?.apply(this, args);
  }

  static extend(members: Readonly<Record<string, unknown>>): typeof Base {
    // biome-ignore lint/complexity/noThisInStatic: the class that is extended, which is not always this one
    const made = class extends this {};
    Object.assign(made.prototype, members);
    return made;
  }
}
