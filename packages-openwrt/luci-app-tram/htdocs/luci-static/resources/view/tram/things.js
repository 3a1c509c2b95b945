'use strict';
'require dom';
'require poll';
'require view';
'require tram.gateway as gateway';
'require tram.page as page';
'require tram.thing-card as thingCard';

/* In seconds. */
const REFRESH_S = 2;

/** Folds case and accents, so that `quat` finds `Quạt`. */
function fold(text) {
	return text.normalize('NFD').replace(/[\u0300-\u036f]/g, '').replace(/[đĐ]/g, 'd').toLowerCase();
}

return view.extend({
	load: function() {
		return Promise.all([ L.resolveDefault(gateway.health(), null), gateway.get('/things') ])
			.then(([ _health, answer ]) => ({ things: answer.things, error: null }))
			.catch(error => ({ things: [], error: error }));
	},

	render: function(loaded) {
		page.style();

		this.cards = {};
		this.query = '';
		this.alerts = page.alertBox();
		this.list = E('div', { 'class': 'tram-list' });
		this.count = E('p', { 'class': 'tram-faint', 'role': 'status' });
		this.search = E('input', {
			'type': 'search',
			'class': 'cbi-input-text',
			'placeholder': _('Search Things'),
			'aria-label': _('Search Things'),
			'input': () => this.find()
		});

		this.show(loaded);
		poll.add(() => this.refresh(), REFRESH_S);

		return E('div', {}, [
			E('h2', {}, [ _('Things') ]),
			E('div', { 'class': 'tram-bar' }, [ this.search, this.count ]),
			this.alerts,
			this.list
		]);
	},

	refresh: function() {
		return this.load().then(loaded => this.show(loaded));
	},

	/** Shows what was loaded. When the gateway could not be asked, the last values stay, and say so. */
	show: function({ things, error }) {
		page.tellFailure(this.alerts, error);
		this.list.classList.toggle('tram-old', error != null);

		if (error == null)
			this.things = things.slice().sort((a, b) => a.thing.title.localeCompare(b.thing.title));

		this.arrange();
	},

	find: function() {
		this.query = fold(this.search.value.trim());
		this.arrange();
	},

	/** Puts the cards of the Things that were looked for in their order; those that are there already stay. */
	arrange: function() {
		const all = this.things || [];
		const found = all.filter(({ thing }) => fold([ thing.title, thing.id,
			...Object.values(thing.titles || {}) ].join(' ')).indexOf(this.query) >= 0);
		const mayChange = gateway.mayChange();
		const nodes = found.map(seen => this.card(seen, mayChange).node);

		Object.keys(this.cards).forEach(id => {
			if (!all.some(({ thing }) => thing.id == id))
				delete this.cards[id];
		});

		/* Moved only where the order changed: a node that is moved loses its focus. */
		if (nodes.length != this.list.children.length || nodes.some((node, i) => this.list.children[i] !== node))
			dom.content(this.list, nodes);

		dom.content(this.count, [ this.counted(found.length, all.length) ]);
	},

	card: function(seen, mayChange) {
		const id = seen.thing.id;

		if (this.cards[id] === undefined || !this.cards[id].update(seen, mayChange))
			this.cards[id] = thingCard.make(seen, mayChange, () => this.refresh());

		return this.cards[id];
	},

	counted: function(found, all) {
		if (all == 0)
			return _('No Things yet. They appear here as soon as a module or an MQTT device announces them.');

		if (found == 0)
			return _('No Thing matches.');

		return N_(all, '%d of %d Thing', '%d of %d Things', 'tram').format(found, all);
	},

	handleSaveApply: null,
	handleSave: null,
	handleReset: null
});
