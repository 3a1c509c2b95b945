'use strict';
'require dom';
'require poll';
'require ui';
'require view';
'require tram.gateway as gateway';
'require tram.moment as moment';
'require tram.page as page';
'require tram.rule-editor as ruleEditor';
'require tram.trace as trace';
'require tram.words as words';

/* In seconds. */
const REFRESH_S = 5;

return view.extend({
	load: function() {
		return Promise.all([ L.resolveDefault(gateway.health(), null), gateway.get('/rules') ])
			.then(([ _health, answer ]) => ({ rules: answer.rules, error: null }))
			.catch(error => ({ rules: [], error: error }));
	},

	render: function(loaded) {
		page.style();

		this.shown = null;
		this.alerts = page.alertBox();
		this.list = E('div');
		this.bar = E('div', { 'class': 'tram-bar' });
		this.show(loaded);
		poll.add(() => this.refresh(), REFRESH_S);

		return E('div', {}, [ E('h2', {}, [ _('Automation rules') ]), this.bar, this.alerts, this.list ]);
	},

	refresh: function() {
		return this.load().then(loaded => this.show(loaded));
	},

	show: function({ rules, error }) {
		const mayChange = gateway.mayChange();

		page.tellFailure(this.alerts, error);

		if (error != null)
			return;

		/* The ages move on without anything having changed; buttons keep their focus as long as they can. */
		const now = JSON.stringify([ rules, mayChange ]);

		if (now == this.shown) {
			this.list.querySelectorAll('time').forEach(node => {
				dom.content(node, [ moment.ago(node.getAttribute('datetime')) ]);
			});
			return;
		}

		this.shown = now;
		dom.content(this.bar, mayChange ? [ this.button(_('New rule'), 'cbi-button-add', () => this.add()) ] : []);
		dom.content(this.list, rules.length == 0
			? [ E('p', {}, [ _('No rules yet. A rule is a trigger, conditions and actions, written in YAML.') ]) ]
			: rules.map(rule => this.card(rule, mayChange)));
	},

	/** `about` tells readers which rule the button is for. */
	button: function(title, kind, act, about) {
		return E('button', {
			'type': 'button',
			'class': 'btn cbi-button ' + kind,
			'aria-label': about ? title + ': ' + about : title,
			'click': ui.createHandlerFn(this, () => act().catch(error =>
				ui.addNotification(null, E('p', {}, [ words.failure(error) ]), 'error')))
		}, [ title ]);
	},

	card: function(rule, mayChange) {
		const title = rule.title || rule.id;

		return E('div', { 'class': 'cbi-section tram-card', 'data-rule': rule.id, 'data-status': rule.status }, [
			E('h3', {}, [ title, ' ', words.badge(rule.status, words.rule(rule.status)) ]),
			E('p', { 'class': 'tram-faint' }, [ this.facts(rule).join(' · ') ]),
			...this.complaints('error', _('This rule does not run'), rule.problems),
			...this.complaints('warning', _('Doubtful in this rule'), rule.warnings),
			...(rule.lastTrace === undefined ? [] : [
				E('h4', {}, [ _('Last evaluation') ]), trace.node(rule.lastTrace)
			]),
			E('p', { 'class': 'tram-buttons' }, [ ...this.buttons(rule, title, mayChange) ])
		]);
	},

	facts: function(rule) {
		const facts = [ rule.id, _('file %s', 'tram').format(rule.file) ];

		facts.push(rule.lastFired === undefined
			? _('has not fired yet', 'tram')
			: _('last fired %s', 'tram').format(moment.full(rule.lastFired)));

		if (rule.running > 0)
			facts.push(N_(rule.running, '%d run in flight', '%d runs in flight', 'tram').format(rule.running));

		return facts;
	},

	complaints: function(kind, title, entries) {
		return entries.length == 0 ? [] : [ page.alert(kind, title, E('ul', {}, entries.map(({ path, problem }) =>
			E('li', {}, [ (path ? path + ': ' : '') + problem ])))) ];
	},

	/** A rule in a broken file can only be mended with its file. */
	buttons: function(rule, title, mayChange) {
		if (!rule.editable)
			return mayChange
				? [ this.button(_('Mend the file'), 'cbi-button-edit', () =>
					ruleEditor.mend(rule.file, () => this.refresh()), rule.file) ]
				: [];

		const off = (rule.status == 'disabled');
		const change = mayChange ? [
			this.button(off ? _('Switch on', 'tram') : _('Switch off', 'tram'), off ? 'cbi-button-positive' : 'cbi-button-neutral',
				() => ruleEditor.enable(rule.id, off).then(() => this.refresh()), title),
			this.button(_('Delete', 'tram'), 'cbi-button-remove', () => this.confirmRemoval(rule, title), title)
		] : [];

		return [
			this.button(mayChange ? _('Edit', 'tram') : _('Show text', 'tram'), 'cbi-button-edit',
				() => ruleEditor.edit(rule, mayChange, () => this.refresh()), title),
			this.button(_('Trace', 'tram'), 'cbi-button-action', () => trace.open(rule), title),
			...change
		];
	},

	add: function() {
		return ruleEditor.add(() => this.refresh());
	},

	confirmRemoval: function(rule, title) {
		const question = _('Delete rule %s?').format(title);
		const dialog = ui.showModal(null, [
			E('h3', {}, [ question ]),
			E('p', {}, [ _('It is taken out of its file. What it was in the middle of ends.') ]),
			E('div', { 'class': 'right tram-buttons' }, [
				E('button', { 'type': 'button', 'class': 'btn cbi-button', 'click': ui.hideModal }, [ _('Keep the rule') ]),
				this.button(_('Delete the rule'), 'cbi-button-negative important', () =>
					ruleEditor.remove(rule.id).then(() => {
						ui.hideModal();
						return this.refresh();
					}))
			])
		]);

		dialog.setAttribute('aria-label', question);
		return Promise.resolve();
	},

	handleSaveApply: null,
	handleSave: null,
	handleReset: null
});
