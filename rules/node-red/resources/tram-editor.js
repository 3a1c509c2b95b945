/* Lists of Things, properties and rules for the editor, as the gateway that is deployed tells them. */
window.TramEditor = (() => {
  /** For so long an answer is taken for how the house is, in milliseconds. */
  const FRESH_MS = 10_000;
  const asked = new Map();

  function lists(gateway) {
    const known = asked.get(gateway);
    if (known !== undefined && performance.now() - known.at < FRESH_MS) return known.answer;
    const answer = fetchLists(gateway);
    asked.set(gateway, { at: performance.now(), answer });
    answer.catch(() => asked.delete(gateway));
    return answer;
  }

  function fetchLists(gateway) {
    return new Promise((resolve, reject) => {
      // jQuery's: the editor puts its own credentials to it.
      $.getJSON(`tram/${encodeURIComponent(gateway)}/lists`)
        .done(resolve)
        .fail(reject);
    });
  }

  /** Offers values below an input; other text stays possible. */
  function offer(input, options) {
    const id = `${input.attr("id")}-offers`;
    const offers = document.createElement("datalist");
    offers.id = id;
    for (const { label, value } of options) {
      const option = document.createElement("option");
      option.value = value;
      option.label = label;
      offers.append(option);
    }
    document.getElementById(id)?.remove();
    input.after(offers).attr("list", id);
  }

  function propertyLabel({ title, type, unit }) {
    return [title, type, unit].filter(Boolean).join(" · ");
  }

  /**
   * Fills the inputs `node-input-thing`, `-property` and `-rule`, where they are, whenever the gateway changes.
   * @param options `writable`: only properties that can be set. `missing`: shown where there are no lists.
   */
  function bind({ writable = false, missing = "" } = {}) {
    const input = (name) => $(`#node-input-${name}`);
    const note = $(".tram-note");
    let current;
    const fillProperties = () => {
      const thing = current?.things.find(({ id }) => id === input("thing").val());
      const properties = thing?.properties.filter(({ readOnly }) => !(writable && readOnly)) ?? [];
      offer(
        input("property"),
        properties.map((property) => ({ value: property.key, label: propertyLabel(property) })),
      );
    };
    const fill = async () => {
      const gateway = input("gateway").val();
      try {
        current = await lists(gateway);
        note.text("").hide();
      } catch {
        current = undefined;
        note.text(missing).show();
      }
      if (input("gateway").val() !== gateway) return;
      const things = current?.things ?? [];
      offer(
        input("thing"),
        things.map(({ area, id, title }) => ({
          value: id,
          label: [title, area].filter(Boolean).join(" · "),
        })),
      );
      offer(input("rule"), current?.rules.map(({ id, title }) => ({ value: id, label: title })) ?? []);
      fillProperties();
    };
    input("gateway").on("change", fill);
    input("thing").on("change input", fillProperties);
    void fill();
  }

  return { bind };
})();
