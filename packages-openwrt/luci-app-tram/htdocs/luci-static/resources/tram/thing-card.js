'use strict';
'require baseclass';
'require dom';
'require tram.control as control';
'require tram.moment as moment';
'require tram.value as value';
'require tram.words as words';

/* One Thing: a card whose rows stay in place while their values change, so that nobody loses what he types. */

function titled(titles, title, fallback) {
	const language = document.documentElement.lang || 'en';

	return (titles && titles[language]) || title || fallback;
}

const Card = baseclass.extend({
	__init__: function(view, mayChange, onEnd) {
		this.described = JSON.stringify([ view.thing, mayChange ]);
		this.rows = {};
		this.title = titled(view.thing.titles, view.thing.title, view.thing.id);
		this.badge = E('span');
		this.problem = E('p', { 'class': 'tram-problem' });
		this.node = E('div', { 'class': 'cbi-section tram-card', 'data-thing': view.thing.id }, [
			E('h3', {}, [ this.title, ' ', this.badge ]),
			E('p', { 'class': 'tram-faint' }, [ view.thing.id + ' · ' + view.source ]),
			this.problem,
			this.table(view.thing, mayChange, onEnd)
		]);
		this.update(view);
	},

	table: function(thing, mayChange, onEnd) {
		const properties = Object.keys(thing.properties).map(key => this.row(thing, key, mayChange, onEnd));
		const actions = Object.keys(thing.actions || {})
			.filter(() => mayChange)
			.map(name => this.actionRow(thing, name, onEnd));

		if (properties.length + actions.length == 0)
			return E('p', {}, [ _('This Thing has no properties.') ]);

		return E('table', { 'class': 'table tram-table' }, [
			E('tr', { 'class': 'tr table-titles' }, [
				E('th', { 'class': 'th', 'scope': 'col' }, [ _('Property', 'tram') ]),
				E('th', { 'class': 'th', 'scope': 'col' }, [ _('Value', 'tram') ]),
				E('th', { 'class': 'th', 'scope': 'col' }, [ _('Reported', 'tram') ]),
				E('th', { 'class': 'th', 'scope': 'col' }, [ _('Control', 'tram') ])
			]),
			...properties,
			...actions
		]);
	},

	row: function(thing, key, mayChange, onEnd) {
		const schema = thing.properties[key];
		const node = key.split('/')[0];
		const name = titled(schema.titles, schema.title, key);
		const group = (thing.nodes && thing.nodes[node] && thing.nodes[node].title) || node;
		const row = {
			schema: schema,
			value: E('td', { 'class': 'td tram-value' }),
			time: E('td', { 'class': 'td tram-faint' }),
			control: null
		};

		if (mayChange && schema.readOnly !== true)
			row.control = control.property(thing.id, key, schema, this.title + ' · ' + name, onEnd);

		this.rows[key] = row;

		return E('tr', { 'class': 'tr', 'data-property': key }, [
			E('th', { 'class': 'td', 'scope': 'row' }, [
				name, E('span', { 'class': 'tram-faint', 'title': key }, [ ' ' + group ])
			]),
			row.value,
			row.time,
			E('td', { 'class': 'td' }, [ row.control ? row.control.node : '' ])
		]);
	},

	actionRow: function(thing, name, onEnd) {
		const action = thing.actions[name];
		const title = titled(action.titles, action.title, name);
		const made = control.action(thing.id, name, action.input, this.title + ' · ' + title, onEnd);

		return E('tr', { 'class': 'tr', 'data-action': name }, [
			E('th', { 'class': 'td', 'scope': 'row' }, [ title ]),
			E('td', { 'class': 'td' }, [ '' ]),
			E('td', { 'class': 'td' }, [ '' ]),
			E('td', { 'class': 'td' }, [ made.node ])
		]);
	},

	/** Shows the values of now. False when the Thing describes itself anew: then a new card is needed. */
	update: function(view, mayChange) {
		if (mayChange !== undefined && this.described != JSON.stringify([ view.thing, mayChange ]))
			return false;

		dom.content(this.badge, [ words.badge(view.availability, words.availability(view.availability)) ]);
		dom.content(this.problem, [
			view.problem ? _('The last description of this device was refused: %s').format(view.problem) : ''
		]);

		Object.keys(this.rows).forEach(key => this.updateRow(this.rows[key], view.properties[key]));
		return true;
	},

	updateRow: function(row, seen) {
		if (seen === undefined) {
			dom.content(row.value, [ row.schema.writeOnly ? '' : E('em', {}, [ _('no value yet', 'tram') ]) ]);
			dom.content(row.time, [ '' ]);
			return;
		}

		const doubtful = (seen.quality == 'good') ? '' : words.badge(seen.quality, words.quality(seen.quality));

		dom.content(row.value, [ E('span', {}, [ value.text(seen.value, row.schema) ]), ' ', doubtful ]);
		dom.content(row.time, [ moment.node(seen.time) ]);
		row.value.title = seen.problem || '';

		if (row.control)
			row.control.update(seen.value);
	}
});

return baseclass.extend({
	make: function(view, mayChange, onEnd) {
		return new Card(view, mayChange, onEnd);
	}
});
