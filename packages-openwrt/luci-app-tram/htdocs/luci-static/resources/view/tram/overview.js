'use strict';
'require dom';
'require poll';
'require ui';
'require view';
'require tram.gateway as gateway';
'require tram.moment as moment';
'require tram.page as page';
'require tram.service as service';
'require tram.words as words';

/* In seconds. */
const REFRESH_S = 5;

function row(title, ...children) {
	return E('tr', { 'class': 'tr' }, [
		E('th', { 'class': 'td left', 'scope': 'row', 'width': '33%' }, [ title ]),
		E('td', { 'class': 'td left' }, [ ...children ])
	]);
}

function heads(...titles) {
	return E('tr', { 'class': 'tr table-titles' }, titles.map(title =>
		E('th', { 'class': 'th', 'scope': 'col' }, [ title ])));
}

function cell(...children) {
	return E('td', { 'class': 'td' }, [ ...children ]);
}

function rowHead(text) {
	return E('th', { 'class': 'td', 'scope': 'row' }, [ text ]);
}

function section(title, ...children) {
	return E('div', { 'class': 'cbi-section' }, [ E('h3', {}, [ title ]), ...children ]);
}

return view.extend({
	/** Never rejects: what could not be asked is null, and `error` tells why. */
	load: function() {
		return Promise.all([
			service.state(),
			L.resolveDefault(gateway.state(), null)
		]).then(([ svc, state ]) => {
			if (state == null)
				return this.ask(svc, null);

			return this.ask(svc, state);
		});
	},

	ask: function(svc, state) {
		const nothing = { svc: svc, state: state, gateway: null, bridges: [], modules: [], error: null };

		return Promise.all([ gateway.health(), gateway.get('/bridge'), gateway.get('/modules') ])
			.then(([ health, bridge, modules ]) => Object.assign(nothing, {
				gateway: health, bridges: bridge.bridges, modules: modules.modules
			}))
			.catch(error => Object.assign(nothing, { error: error }));
	},

	render: function(loaded) {
		page.style();

		this.code = null;
		this.alerts = page.alertBox();
		this.setup = E('div');
		this.health = E('div');
		this.clouds = E('div');
		this.modules = E('div');
		this.show(loaded);
		poll.add(() => this.refresh(), REFRESH_S);

		return E('div', {}, [
			E('h2', {}, [ _('Tram IoT gateway') ]),
			this.alerts, this.setup, this.health, this.clouds, this.modules
		]);
	},

	refresh: function() {
		return this.load().then(loaded => this.show(loaded));
	},

	show: function(loaded) {
		dom.content(this.alerts, [ ...this.serviceAlert(loaded), ...this.problemAlerts(loaded) ]);
		this.showSetup(loaded.state);
		dom.content(this.health, loaded.gateway == null ? [] : [ this.healthSection(loaded.gateway) ]);
		dom.content(this.clouds, loaded.gateway == null ? [] : [ this.cloudSection(loaded.bridges) ]);
		dom.content(this.modules, loaded.gateway == null ? [] : [ this.moduleSection(loaded.modules) ]);
	},

	/** What to do when the service does not run, or does not answer. */
	serviceAlert: function({ svc, gateway: health, error }) {
		if (health != null)
			return [];

		if (!svc.running)
			return [ this.stoppedAlert(svc) ];

		return [ page.alert('warning', words.failure(error), E('p', {}, [
			_('The service runs. If it was started just now, wait a moment; otherwise see the system log.'), ' ', this.logLink()
		]), this.serviceButton(_('Restart the service'), () => service.restart())) ];
	},

	stoppedAlert: function(svc) {
		const children = [];

		if (svc.enabled === false)
			children.push(E('p', {}, [ _('It is not started with the router.') ]));

		if (svc.exitCode === 2)
			children.push(E('p', {}, [
				_('It ended because of its configuration, or because a port was taken. The system log names the option.'), ' ',
				this.logLink(), ' · ',
				E('a', { 'href': L.url('admin/services/tram/settings') }, [ _('Open the settings of Tram') ])
			]));
		else if (svc.exitCode !== null)
			children.push(E('p', {}, [
				_('It ended with code %d. The system log tells more.').format(svc.exitCode), ' ', this.logLink()
			]));

		children.push(svc.enabled === false
			? this.serviceButton(_('Start the service, now and with the router'), () => service.enable())
			: this.serviceButton(_('Start the service'), () => service.start()));

		return page.alert('error', _('The Tram service does not run.'), ...children);
	},

	logLink: function() {
		return E('a', { 'href': L.url('admin/status/logs') }, [ _('Open the system log') ]);
	},

	serviceButton: function(title, act) {
		if (L.hasViewPermission() !== true)
			return E('p', {}, [ _('Your LuCI account may not start it.') ]);

		return E('button', {
			'type': 'button',
			'class': 'btn cbi-button cbi-button-apply',
			'click': ui.createHandlerFn(this, () => act()
				.catch(error => ui.addNotification(null, E('p', {}, [ words.failure(error) ]), 'error'))
				.then(() => this.refresh()))
		}, [ title ]);
	},

	problemAlerts: function({ gateway: health }) {
		if (health == null)
			return [];

		const problems = health.problems.map(({ where, problem }) => E('li', {}, [ where + ': ' + problem ]));
		const alerts = [];

		if (problems.length > 0)
			alerts.push(page.alert('error', _('What is wrong with Tram now'), E('ul', { 'class': 'tram-wrong' }, problems)));

		if (health.clock == 'untrusted')
			alerts.push(page.alert('warning', _('The clock has not been set since power-on.'), E('p', {}, [
				_('Rules with times of day wait until it is. Check that the router reaches a time server.')
			])));

		return alerts;
	},

	/** The way to the first administrator. A code that is shown stays until there is one. */
	showSetup: function(state) {
		if (state == null || !state.setupNeeded) {
			dom.content(this.setup, []);
			this.code = null;
			return;
		}

		if (this.setup.firstChild != null && this.setup.getAttribute('data-code') === String(this.code))
			return;

		this.setup.setAttribute('data-code', String(this.code));
		dom.content(this.setup, [ page.alert('notice', _('Tram has no administrator yet.'),
			E('p', {}, [ _('The web UI of Tram asks for a one-time code to make the first one.') ]),
			...(this.code == null ? this.codeButton() : this.shownCode())
		) ]);
	},

	codeButton: function() {
		if (L.hasViewPermission() !== true)
			return [ E('p', {}, [ _('Your LuCI account may not see the code.') ]) ];

		return [ E('button', {
			'type': 'button',
			'class': 'btn cbi-button cbi-button-action',
			'click': ui.createHandlerFn(this, () => gateway.setupCode().then(reply => {
				this.code = reply.code || null;
				this.until = Date.now() + (reply.expiresInS || 0) * 1000;
				this.showSetup(reply);
			}).catch(error => ui.addNotification(null, E('p', {}, [ words.failure(error) ]), 'error')))
		}, [ _('Show a set-up code') ]) ];
	},

	shownCode: function() {
		return [
			E('p', { 'class': 'tram-code' }, [ this.code ]),
			E('p', {}, [
				_('It is good once, until %s. A new one makes it void.').format(moment.ofDay(this.until))
			])
		];
	},

	healthSection: function(health) {
		return section(health.name,
			E('table', { 'class': 'table' }, [
				row(_('Gateway id'), health.id),
				row(_('Version of Tram'), health.version),
				row(_('Running since'), moment.node(health.startedAt)),
				row(_('Clock', 'tram'), words.badge(health.clock, words.clock(health.clock)), ' ', moment.full(health.now)),
				row(_('Time zone of rules'), health.timezone),
				row(_('Store', 'tram'), words.badge(health.store, health.store == 'ok'
					? _('Working', 'tram') : _('Cannot write: new data is refused')))
			]),
			E('button', {
				'type': 'button',
				'class': 'btn cbi-button cbi-button-action',
				'click': ui.createHandlerFn(this, () => gateway.openWebUi().catch(error =>
					ui.addNotification(null, E('p', {}, [ words.failure(error) ]), 'error')))
			}, [ _('Open the web UI of Tram, signed in') ]));
	},

	cloudSection: function(bridges) {
		if (bridges.length == 0)
			return section(_('Cloud bridges'), E('p', {}, [
				_('No cloud bridge is configured. Everything works locally.')
			]));

		return section(_('Cloud bridges'), E('table', { 'class': 'table' }, [
			heads(_('Bridge', 'tram'), _('State', 'tram'), _('Queued', 'tram'), _('Oldest', 'tram'), _('Sent', 'tram'),
				_('Dropped', 'tram'), _('Last error', 'tram')),
			...bridges.map(bridge => E('tr', { 'class': 'tr', 'data-bridge': bridge.id }, [
				rowHead(bridge.id + ' (' + bridge.provider + ')'),
				cell(words.badge(bridge.state, words.bridge(bridge.state)), ' ', moment.node(bridge.since)),
				cell(bridge.parked > 0
					? _('%d, and %d set aside').format(bridge.queued, bridge.parked)
					: String(bridge.queued)),
				cell(bridge.oldest ? moment.node(bridge.oldest) : '–'),
				cell(String(bridge.sent)),
				cell(String(bridge.dropped)),
				cell(bridge.lastError || '–')
			]))
		]));
	},

	moduleSection: function(modules) {
		if (modules.length == 0)
			return section(_('Radio and protocol modules'), E('p', {}, [ _('No modules are configured.') ]));

		return section(_('Radio and protocol modules'), E('table', { 'class': 'table' }, [
			heads(_('Module', 'tram'), _('State', 'tram'), _('Reason', 'tram'), _('Restarts', 'tram'), _('Version', 'tram')),
			...modules.map(one => E('tr', { 'class': 'tr', 'data-module': one.id }, [
				rowHead(one.name ? one.id + ' (' + one.name + ')' : one.id),
				cell(words.badge(one.state, words.module(one.state)), ' ', moment.node(one.since)),
				cell(one.reason || '–', ...(one.nextAttempt
					? [ ' ', _('Next attempt: %s').format(moment.full(one.nextAttempt)) ] : [])),
				cell(String(one.restarts)),
				cell(one.version || '–')
			]))
		]));
	},

	handleSaveApply: null,
	handleSave: null,
	handleReset: null
});
