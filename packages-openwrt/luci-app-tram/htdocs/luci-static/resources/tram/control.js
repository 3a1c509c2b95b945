'use strict';
'require baseclass';
'require dom';
'require tram.gateway as gateway';
'require tram.value as value';
'require tram.words as words';

/*
 * The control of one property or action. It sends what somebody wants, follows the command until the device has
 * confirmed it or not, and says so at its own place. It never shows a wish as the value: that comes from the device.
 */

/* In milliseconds: between two looks at a command, and how long its end is awaited beyond its own deadline. */
const LOOK_MS = 400;
const DEADLINE_MS = 10000;
const PATIENCE_MS = 5000;
const SAY_CONFIRMED_MS = 4000;

let lastId = 0;

function wait(ms) {
	return new Promise(resolve => window.setTimeout(resolve, ms));
}

/** The field for values of this schema: its node, and how to read and to set it. */
function field(schema, id, label) {
	if (schema.type == 'string' && Array.isArray(schema.enum)) {
		const choices = schema.enum.map(choice => E('option', { 'value': choice }, [ choice ]));
		const select = E('select', { 'id': id, 'class': 'cbi-input-select', 'aria-label': label }, [
			E('option', { 'value': '' }, [ _('Choose…', 'tram') ]), ...choices
		]);

		return { node: select, read: () => select.value, set: v => { select.value = (v == null) ? '' : v; } };
	}

	const numeric = (schema.type == 'integer' || schema.type == 'number');
	const attributes = {
		'id': id,
		'class': 'cbi-input-text tram-field',
		'type': numeric ? 'number' : 'text',
		'aria-label': label,
		'autocomplete': 'off'
	};

	if (numeric) {
		/* A step counts from the minimum, as the gateway counts it. Without one, any fraction is allowed. */
		attributes.step = schema.multipleOf || (schema.type == 'integer' ? 1 : 'any');

		if (schema.minimum !== undefined)
			attributes.min = schema.minimum;

		if (schema.maximum !== undefined)
			attributes.max = schema.maximum;
	}

	const input = E('input', attributes);

	return {
		node: input,
		read: () => input.value,
		set: v => { input.value = (v == null) ? '' : (typeof(v) == 'object' ? JSON.stringify(v) : String(v)); }
	};
}

const Control = baseclass.extend({
	/**
	 * options: `path` of the API, `method`, `schema` (null for an action without input), `label` for readers,
	 * `button` for the caption, `onEnd` called when a command has ended.
	 */
	__init__: function(options) {
		this.options = options;
		this.status = E('span', { 'class': 'tram-status', 'role': 'status' });
		this.problem = E('span', { 'class': 'tram-problem', 'role': 'alert' });
		this.sent = 0;
		this.touched = false;
		this.node = E('div', { 'class': 'tram-control' }, [ ...this.parts(), this.status, this.problem ]);
	},

	parts: function() {
		const { schema, label, button } = this.options;

		if (schema != null && schema.type == 'boolean' && this.options.method == 'PUT') {
			this.toggle = E('button', {
				'type': 'button',
				'class': 'btn cbi-button tram-switch',
				'role': 'switch',
				'aria-checked': 'false',
				'aria-label': label,
				'click': () => this.submit(this.toggle.getAttribute('aria-checked') != 'true')
			}, [ '' ]);

			return [ this.toggle ];
		}

		this.button = E('button', {
			'type': 'button',
			'class': 'btn cbi-button cbi-button-action',
			'aria-label': button + ': ' + label,
			'click': () => this.submitField()
		}, [ button ]);

		if (schema == null)
			return [ this.button ];

		this.field = field(schema, 'tram-field-' + (++lastId), label);
		this.field.node.addEventListener('input', () => { this.touched = true; });
		this.field.node.addEventListener('keydown', ev => {
			if (ev.key == 'Enter')
				this.submitField();
		});

		return [ this.field.node, schema.unit ? E('span', { 'class': 'tram-unit' }, [ schema.unit ]) : '', this.button ];
	},

	/** The last value that the device reported. A field that somebody types in stays as it is. */
	update: function(reported) {
		if (this.toggle) {
			const on = (reported === true);

			this.toggle.setAttribute('aria-checked', String(on));
			dom.content(this.toggle, [ on ? _('On', 'tram') : _('Off', 'tram') ]);
			this.toggle.classList.toggle('cbi-button-positive', on);
		}
		else if (this.field && !this.touched && document.activeElement !== this.field.node) {
			this.field.set(reported);
		}
	},

	submitField: function() {
		if (this.options.schema == null)
			return this.submit(null);

		const { value: wanted, problem } = value.read(this.field.read(), this.options.schema);

		if (problem) {
			this.tell('', problem);
			this.field.node.setAttribute('aria-invalid', 'true');
			return Promise.resolve();
		}

		this.field.node.removeAttribute('aria-invalid');
		return this.submit(wanted);
	},

	submit: function(wanted) {
		const turn = ++this.sent;
		const shown = (wanted === null) ? '' : value.text(wanted, this.options.schema || {});

		this.busy(true);
		this.tell(_('sending %s…', 'tram').format(shown), '');

		return gateway.call(this.options.method, this.options.path, wanted)
			.then(answer => this.follow(answer.location))
			.then(command => {
				if (turn == this.sent)
					this.end(command, shown);
			})
			.catch(error => {
				if (turn == this.sent)
					this.tell('', this.refusal(error));
			})
			.finally(() => {
				if (turn == this.sent)
					this.busy(false);
			});
	},

	/** Looks at the command until it has ended. Resolves to its last state, null where there is none. */
	follow: function(location) {
		const path = location.replace(/^\/api\/v1/, '');

		if (path === '')
			return Promise.resolve(null);

		const schema = this.options.schema || {};
		const end = Date.now() + (schema.confirmMs || DEADLINE_MS) + PATIENCE_MS;
		const look = () => gateway.get(path).then(command => {
			if (command.endedAt !== undefined || Date.now() > end)
				return command;

			return wait(LOOK_MS).then(look);
		});

		return look();
	},

	end: function(command, shown) {
		const state = (command == null) ? 'sent' : command.state;

		this.touched = false;

		switch (state) {
		case 'confirmed':
			this.tell(_('confirmed', 'tram'), '');
			window.setTimeout(() => this.fade(this.sent), SAY_CONFIRMED_MS);
			break;

		case 'failed':
		case 'expired':
		case 'refused':
			this.tell('', words.command(command.code, command.reason));
			break;

		default:
			/* Sent, and the device does not report this property: that is all there is to know. */
			this.tell(command != null && command.endedAt === undefined
				? _('no word from the device yet')
				: _('%s sent', 'tram').format(shown), '');
		}

		if (this.options.onEnd)
			this.options.onEnd();
	},

	fade: function(turn) {
		if (turn == this.sent)
			this.tell('', '');
	},

	/** A refusal of a command has the codes of commands. */
	refusal: function(error) {
		const command = error && error.status >= 400 && error.code != 'scope-missing' && error.code != 'sign-in-needed';

		return command ? words.command(error.code, error.detail) : words.failure(error);
	},

	tell: function(status, problem) {
		dom.content(this.status, [ status ]);
		dom.content(this.problem, [ problem ]);
		this.node.setAttribute('data-pending', status === '' ? 'false' : 'true');
	},

	busy: function(busy) {
		const button = this.toggle || this.button;

		button.classList.toggle('spinning', busy);
		button.setAttribute('aria-busy', String(busy));
	}
});

return baseclass.extend({
	/** The control of a property that can be written. */
	property: function(thing, key, schema, label, onEnd) {
		return new Control({
			method: 'PUT',
			path: '/things/' + encodeURIComponent(thing) + '/properties/' + key,
			schema: schema,
			label: label,
			button: schema.momentary || schema.writeOnly ? _('Send', 'tram') : _('Set', 'tram'),
			onEnd: onEnd
		});
	},

	action: function(thing, name, schema, label, onEnd) {
		return new Control({
			method: 'POST',
			path: '/things/' + encodeURIComponent(thing) + '/actions/' + encodeURIComponent(name),
			schema: schema || null,
			label: label,
			button: _('Invoke', 'tram'),
			onEnd: onEnd
		});
	}
});
