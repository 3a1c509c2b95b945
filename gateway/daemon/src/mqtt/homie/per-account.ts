/** What is kept of one account. Accounts are few, and made by the owner of the house. */
export function ofAccount<Value>(accounts: Map<string, Value>, name: string, make: () => Value): Value {
  let value = accounts.get(name);
  if (value === undefined) {
    value = make();
    accounts.set(name, value);
  }
  return value;
}
