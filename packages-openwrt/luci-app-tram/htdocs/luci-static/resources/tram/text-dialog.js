'use strict';
'require baseclass';
'require dom';
'require ui';
'require tram.words as words';

/*
 * A dialog with a text that the gateway checks while somebody types. It cannot be saved while something is wrong with
 * it, and what was typed is never lost to an error.
 */

/* In milliseconds: how long somebody must pause before the text is checked. */
const PAUSE_MS = 400;

const Dialog = baseclass.extend({
	/**
	 * options: `title`, `text`, `readonly`, `hint`; `check(text)` resolves to { problems, warnings } and may be null;
	 * `save(text)` rejects with a failure; `reload()` resolves to the text that is there now.
	 */
	__init__: function(options) {
		this.options = options;
		this.checked = null;
		this.turn = 0;
		this.source = E('textarea', {
			'class': 'cbi-input-textarea tram-source',
			'rows': '18',
			'spellcheck': 'false',
			'autocapitalize': 'off',
			'wrap': 'off',
			'aria-label': options.title,
			'input': () => this.later()
		});
		this.source.value = options.text;
		this.source.readOnly = options.readonly;
		this.told = E('div', { 'class': 'tram-problems', 'role': 'status' });
		this.refused = E('div', { 'role': 'alert' });
		this.saveButton = E('button', {
			'type': 'button',
			'class': 'btn cbi-button cbi-button-positive important',
			'click': ui.createHandlerFn(this, 'save')
		}, [ _('Save to the gateway') ]);
		this.saveButton.disabled = (options.check != null);
	},

	open: function() {
		const dialog = ui.showModal(null, [
			E('h3', {}, [ this.options.title ]),
			E('p', { 'class': 'tram-faint' }, [ this.options.hint ]),
			this.source, this.told, this.refused,
			E('div', { 'class': 'right tram-buttons' }, [
				E('button', { 'type': 'button', 'class': 'btn cbi-button', 'click': () => this.close() }, [
					this.options.readonly ? _('Close the text') : _('Close without saving')
				]),
				...(this.options.readonly ? [] : [ this.saveButton ])
			])
		], 'cbi-modal');

		dialog.setAttribute('aria-label', this.options.title);
		this.source.focus();

		return this.check();
	},

	close: function() {
		window.clearTimeout(this.timer);
		this.turn++;
		ui.hideModal();
	},

	later: function() {
		this.saveButton.disabled = (this.options.check != null);
		window.clearTimeout(this.timer);
		this.timer = window.setTimeout(() => this.check(), PAUSE_MS);
	},

	/** Asks the gateway what is wrong with the text, and lets it be saved when nothing is. */
	check: function() {
		if (this.options.check == null || this.options.readonly)
			return Promise.resolve();

		const turn = ++this.turn;

		return this.options.check(this.source.value).then(({ problems, warnings }) => {
			if (turn != this.turn)
				return;

			this.saveButton.disabled = (problems.length > 0);
			this.tell(problems, warnings);
		}).catch(error => {
			if (turn == this.turn)
				this.refuse(words.failure(error));
		});
	},

	tell: function(problems, warnings) {
		const lines = [
			...problems.map(problem => this.line('important', _('Wrong', 'tram'), problem)),
			...warnings.map(warning => this.line('warning', _('Doubtful', 'tram'), warning))
		];

		dom.content(this.told, lines.length > 0 ? [ E('ul', {}, lines) ] : [
			E('p', {}, [ _('The gateway finds nothing wrong.') ])
		]);
	},

	/** One problem; its line can be gone to. */
	line: function(kind, label, { path, problem, line }) {
		const text = (path ? path + ': ' : '') + problem;

		return E('li', {}, [
			E('span', { 'class': 'label ' + kind }, [ label ]), ' ',
			...(line === undefined ? [] : [ E('button', {
				'type': 'button', 'class': 'tram-link', 'click': () => this.goTo(line)
			}, [ _('line %d', 'tram').format(line) ]), ': ' ]),
			text
		]);
	},

	goTo: function(line) {
		const lines = this.source.value.split('\n');
		const begin = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);

		this.source.focus();
		this.source.setSelectionRange(begin, begin + (lines[line - 1] || '').length);
	},

	save: function() {
		this.refuse('');

		return this.options.save(this.source.value).then(() => {
			this.close();
		}).catch(error => {
			if (error.errors && error.errors.length > 0)
				this.tell(error.errors, []);

			this.refuse(words.failure(error), error.code == 'changed');
		});
	},

	/** Says why it was not saved. Where somebody else has changed it, his text can be taken. */
	refuse: function(text, changed) {
		dom.content(this.refused, text === '' ? [] : [
			E('div', { 'class': 'alert-message warning' }, [ E('p', {}, [ text ]), ...(changed ? [
				E('p', {}, [ _('Your text is still here. Keep a copy of it before you take the other one.') ]),
				E('button', {
					'type': 'button', 'class': 'btn cbi-button', 'click': ui.createHandlerFn(this, 'takeTheirs')
				}, [ _('Take the text that is there now') ])
			] : []) ])
		]);
	},

	takeTheirs: function() {
		return this.options.reload().then(text => {
			this.source.value = text;
			this.refuse('');
			return this.check();
		}).catch(error => this.refuse(words.failure(error)));
	}
});

return baseclass.extend({
	open: function(options) {
		return new Dialog(options).open();
	}
});
