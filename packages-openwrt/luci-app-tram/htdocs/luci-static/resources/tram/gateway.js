'use strict';
'require baseclass';
'require rpc';

/*
 * The way from a page of LuCI to the gateway. LuCI's session never leaves LuCI: an rpcd method gives the page a ticket,
 * good once and for 30 s, which the page changes for a token of its own at the gateway. With it the page calls the API
 * straight. Where the browser cannot (the page came over HTTPS and the gateway speaks HTTP, or its port cannot be
 * reached), the requests go through rpcd, with the same token.
 */

const API = '/api/v1';

/* In milliseconds. Over rpcd the gateway has 3 s, and rpcd serves others in between. */
const DIRECT_TIMEOUT_MS = 10000;
const PROBE_TIMEOUT_MS = 3000;

const callViewTicket = rpc.declare({ object: 'tram', method: 'view_ticket', expect: { '': {} }, reject: true });
const callTicket = rpc.declare({ object: 'tram', method: 'ticket', expect: { '': {} }, reject: true });
const callRedeem = rpc.declare({
	object: 'tram', method: 'redeem', params: [ 'ticket' ], expect: { '': {} }, reject: true
});
const callRead = rpc.declare({
	object: 'tram', method: 'read', params: [ 'path', 'token' ], expect: { '': {} }, reject: true
});
const callRequest = rpc.declare({
	object: 'tram', method: 'request', params: [ 'method', 'path', 'body', 'token' ], expect: { '': {} }, reject: true
});
const callSetupCode = rpc.declare({ object: 'tram', method: 'setup_code', expect: { '': {} }, reject: true });
const callState = rpc.declare({ object: 'tram', method: 'state', expect: { '': {} }, reject: true });

/** What went wrong: `status` of the gateway or 0, `code` for programs, `detail` and `errors` of the gateway. */
function failure(status, code, problem) {
	const error = new Error((problem && problem.detail) || code);

	error.name = 'TramError';
	error.status = status;
	error.code = code;
	error.detail = (problem && problem.detail) || null;
	error.errors = (problem && Array.isArray(problem.errors)) ? problem.errors : [];

	return error;
}

/** rpcd did not do it: a right is missing, or rpcd does not know the method (yet). */
function rpcFailure(error) {
	const denied = /access denied|permission denied|code 6\b|error -32002/i.test(String(error && error.message));

	return failure(0, denied ? 'luci-denied' : 'luci-failed', { detail: String(error && error.message) });
}

function parse(text) {
	try {
		return JSON.parse(text);
	}
	catch (_error) {
		return null;
	}
}

/** A request of the browser's own. `credentials: omit` keeps every cookie at home. */
function send(url, options, timeoutMs) {
	const abort = new AbortController();
	const timer = window.setTimeout(() => abort.abort(), timeoutMs);
	const request = Object.assign({ credentials: 'omit', cache: 'no-store', signal: abort.signal }, options);

	return fetch(url, request)
		.then(response => response.text().then(body => ({
			status: response.status,
			body: body,
			location: response.headers.get('Location') || ''
		})))
		.catch(() => {
			throw failure(0, abort.signal.aborted ? 'timeout' : 'unreachable');
		})
		.finally(() => window.clearTimeout(timer));
}

function host() {
	/* An IPv6 address keeps its brackets in `location.hostname`. */
	return window.location.hostname;
}

return baseclass.extend({
	/* The page's token with its scopes, while it has one. */
	page: null,
	signing: null,
	/* `direct`, or `relay` through rpcd; found out when the page signs on. */
	carrier: null,
	/* How far the browser's clock is behind the gateway's, in milliseconds. */
	aheadMs: 0,

	/** The time at the gateway, as far as it is known, in milliseconds. */
	now: function() {
		return Date.now() + this.aheadMs;
	},

	/** Whether who is signed in to LuCI may control Things and change rules. Known after the first call. */
	mayChange: function() {
		return this.page != null && this.page.scopes.indexOf('control') >= 0;
	},

	/**
	 * Calls the API: `call('PUT', '/rules/greet/enabled', { enabled: false })`.
	 * Resolves to { body, location }; rejects with a failure.
	 */
	call: function(method, path, body) {
		return this.signOn()
			.then(() => this.carry(method, API + path, body))
			.then(answer => {
				if (answer.status != 401)
					return answer;

				/* The token is over, or the gateway was started anew: once more with a new one. */
				this.page = null;
				return this.signOn().then(() => this.carry(method, API + path, body));
			})
			.then(answer => this.understand(answer));
	},

	get: function(path) {
		return this.call('GET', path).then(answer => answer.body);
	},

	/** Reads the gateway's health, and sets the clock of `now` by it. */
	health: function() {
		return this.get('/gateway').then(gateway => {
			const there = Date.parse(gateway.now);

			if (!isNaN(there))
				this.aheadMs = there - Date.now();

			return gateway;
		});
	},

	understand: function(answer) {
		const body = parse(answer.body);

		if (answer.status >= 200 && answer.status < 300)
			return { body: body, location: answer.location || '' };

		if (answer.status == 0)
			throw failure(0, answer.code || 'unreachable');

		throw failure(answer.status, (body && body.code) || 'refused', body);
	},

	/** Sends one request with the page's token, the way that was found. */
	carry: function(method, path, body) {
		const text = (body === undefined) ? '' : JSON.stringify(body);
		const token = this.page.token;

		if (this.carrier == 'relay')
			return (method == 'GET' ? callRead(path, token) : callRequest(method, path, text, token))
				.catch(error => { throw rpcFailure(error); });

		const headers = { 'Authorization': 'Bearer ' + token };

		if (body !== undefined)
			headers['Content-Type'] = 'application/json';

		return send(this.page.base + path, {
			method: method,
			headers: headers,
			body: (body === undefined) ? undefined : text
		}, DIRECT_TIMEOUT_MS);
	},

	signOn: function() {
		if (this.page != null)
			return Promise.resolve(this.page);

		if (this.signing == null)
			this.signing = this.takeToken().then(page => {
				this.page = page;
				return page;
			}).finally(() => {
				this.signing = null;
			});

		return this.signing;
	},

	/** A ticket with all that the LuCI user may do: { ticket, port }. */
	ticket: function() {
		return (L.hasViewPermission() === true ? callTicket() : callViewTicket())
			.catch(error => { throw rpcFailure(error); })
			.then(reply => {
				if (reply.status != 201)
					throw failure(reply.status || 0, reply.code || 'unreachable', reply);

				return reply;
			});
	},

	takeToken: function() {
		return this.ticket().then(reply => {
			const base = 'http://' + host() + ':' + reply.port;

			return this.choose(base).then(() => (this.carrier == 'relay')
				? callRedeem(reply.ticket).catch(error => { throw rpcFailure(error); })
				: send(base + API + '/session/ticket', {
					method: 'POST',
					headers: { 'Content-Type': 'application/json' },
					body: JSON.stringify({ ticket: reply.ticket })
				}, DIRECT_TIMEOUT_MS).then(answer => this.understand(answer).body)
			).then(page => {
				if (page == null || typeof(page.token) != 'string')
					throw failure((page && page.status) || 0, (page && page.code) || 'unreachable', page);

				return { token: page.token, scopes: page.scopes, base: base };
			});
		});
	},

	/**
	 * Finds out the way, once. It asks what everybody may know before the ticket goes out: behind a tunnel, another
	 * program may listen on that port.
	 */
	choose: function(base) {
		if (this.carrier != null)
			return Promise.resolve();

		if (window.location.protocol != 'http:') {
			this.carrier = 'relay';
			return Promise.resolve();
		}

		return send(base + API + '/session', {}, PROBE_TIMEOUT_MS).then(answer => {
			const state = parse(answer.body);

			return (answer.status == 200 && state != null && typeof(state.setupNeeded) == 'boolean');
		}).catch(() => false).then(direct => {
			this.carrier = direct ? 'direct' : 'relay';
		});
	},

	/** Whether the gateway answers at all, and whether it has an administrator: { setupNeeded }. */
	state: function() {
		return callState().catch(error => { throw rpcFailure(error); }).then(reply => {
			if (reply.status != 200)
				throw failure(0, reply.code || 'unreachable');

			return reply;
		});
	},

	/** A new one-time code that makes the first administrator: { setupNeeded, code, expiresInS }. */
	setupCode: function() {
		return callSetupCode().catch(error => { throw rpcFailure(error); }).then(reply => {
			if (reply.status != 200)
				throw failure(reply.status || 0, reply.code || 'unreachable', reply);

			return reply;
		});
	},

	/** Opens the gateway's own web UI in a new tab, signed in: the ticket travels in a form, never in an address. */
	openWebUi: function() {
		return this.ticket().then(reply => {
			const form = E('form', {
				'method': 'post',
				'action': 'http://' + host() + ':' + reply.port + '/sign-on',
				'target': '_blank',
				'rel': 'noopener',
				'style': 'display:none'
			}, [ E('input', { 'type': 'hidden', 'name': 'ticket', 'value': reply.ticket }) ]);

			document.body.appendChild(form);
			form.submit();
			document.body.removeChild(form);
		});
	}
});
