// SPDX-License-Identifier: Apache-2.0
//
// The ubus object `tram`: what LuCI's pages cannot do themselves. It gives tickets to who is signed in to LuCI, and
// passes the requests of a page on where the browser may not send them (a page over HTTPS, a closed port).
//
// It speaks HTTP/1.1 over the gateway's Unix socket. Whatever it passes on carries the page's own token, so the gateway
// decides what the page may do; the socket's rights are used for tickets and the set-up code alone.
'use strict';

const socket = require('socket');
const ubus = require('ubus').connect();

const SOCKET = '/var/run/tram/tram.sock';

// rpcd serves one call at a time, so a gateway that hangs must not hold it for long.
const DEADLINE_MS = 3000;

// ubus carries messages of at most 1 MiB, with the names and the framing in it.
const MOST_ANSWER_BYTES = 900 * 1024;
const MOST_BODY_BYTES = 512 * 1024;
const MOST_HEAD_BYTES = 16 * 1024;

const METHOD = /^(GET|POST|PUT|DELETE)$/;
const PATH = /^\/api\/v1\/[A-Za-z0-9._~%:@,+\/-]*(\?[A-Za-z0-9._~%:@,+&=\/-]*)?$/;
const TOKEN = /^[A-Za-z0-9_-]+$/;

function now_ms() {
	const at = clock(true);

	return at[0] * 1000 + at[1] / 1000000;
}

// Waits until the socket can be read or written. False when the time is over or the socket broke.
function ready(connection, what, deadline) {
	const left = deadline - now_ms();

	if (left <= 0)
		return false;

	const polled = socket.poll(int(left) + 1, [ connection, what ]);

	return polled != null && polled[0][1] != 0;
}

function send_all(connection, text, deadline) {
	let at = 0;

	while (at < length(text)) {
		if (!ready(connection, socket.POLLOUT, deadline))
			return false;

		const sent = connection.send(substr(text, at, 65536), socket.MSG_DONTWAIT);

		if (sent == null || sent <= 0)
			return false;

		at += sent;
	}

	return true;
}

// The fields of a response's head in lower case, and its status. Null when it is no HTTP.
function read_head(text) {
	const lines = split(text, '\r\n');
	const first = match(lines[0], /^HTTP\/1\.[01] ([1-5][0-9][0-9])/);

	if (!first)
		return null;

	const head = { status: int(first[1]) };

	for (let i = 1; i < length(lines); i++) {
		const field = match(lines[i], /^([A-Za-z0-9-]+):[ \t]*(.*)$/);

		if (field)
			head[lc(field[1])] = field[2];
	}

	return head;
}

// Reads one whole response: { status, body, location }, or { status: 0, code } that tells why there is none.
function receive(connection, deadline) {
	const chunks = [];
	let got = 0, text = '', begin = -1, head = null, wanted = null;

	while (wanted == null || got < begin + wanted) {
		if (!ready(connection, socket.POLLIN, deadline))
			return { status: 0, code: 'timeout' };

		const chunk = connection.recv(65536);

		if (chunk == null)
			return { status: 0, code: 'broken' };

		if (length(chunk) == 0)
			break;

		push(chunks, chunk);
		got += length(chunk);

		if (!head) {
			text += chunk;
			begin = index(text, '\r\n\r\n');

			if (begin < 0 && got > MOST_HEAD_BYTES)
				return { status: 0, code: 'broken' };

			if (begin < 0)
				continue;

			head = read_head(substr(text, 0, begin));
			begin += 4;

			// The gateway always tells the length; anything else is not the gateway.
			if (!head || !match(head['content-length'] ?? (head.status == 204 ? '0' : ''), /^[0-9]{1,9}$/))
				return { status: 0, code: 'broken' };

			wanted = int(head['content-length'] ?? '0');

			if (wanted > MOST_ANSWER_BYTES)
				return { status: 0, code: 'too-large' };
		}
	}

	// It closed before all was said.
	if (wanted == null || got < begin + wanted)
		return { status: 0, code: 'broken' };

	return { status: head.status, body: substr(join('', chunks), begin, wanted), location: head.location ?? '' };
}

// One request to the gateway. `token` is the page's; without one the socket's own rights count.
function call(method, path, body, token) {
	const deadline = now_ms() + DEADLINE_MS;
	const connection = socket.connect({ path: SOCKET }, null, null, DEADLINE_MS);

	if (!connection)
		return { status: 0, code: 'unreachable' };

	const lines = [ `${method} ${path} HTTP/1.1`, 'Host: localhost', 'Connection: close' ];

	if (token != null)
		push(lines, `Authorization: Bearer ${token}`);

	if (method != 'GET')
		push(lines, 'Content-Type: application/json', `Content-Length: ${length(body)}`);

	const request = join('\r\n', lines) + '\r\n\r\n' + body;
	const answer = send_all(connection, request, deadline)
		? receive(connection, deadline)
		: { status: 0, code: 'broken' };

	connection.close();

	return answer;
}

// The members of a JSON answer beside its status; the gateway's problems have `code` and `detail`.
function with_members(answer) {
	const result = { status: answer.status };
	let members = null;

	if (answer.code)
		result.code = answer.code;

	try {
		members = json(answer.body ?? '{}');
	}
	catch (e) {
		return { status: 0, code: 'broken' };
	}

	const names = keys(members);

	for (let i = 0; i < length(names); i++)
		if (names[i] != 'status')
			result[names[i]] = members[names[i]];

	return result;
}

// rpcd keeps the sessions, and waits for this very call: asking it must not wait (ubus.defer, not ubus.call).
function ticket_for(request, scopes) {
	const session = request.args.ubus_rpc_session;

	return ubus.defer('session', 'get', { ubus_rpc_session: session ?? '', keys: [ 'username' ] }, function(code, reply) {
		const name = (code == 0 && reply && reply.values) ? reply.values.username : null;

		// Somebody without a session called from the command line, as root.
		if (session != null && type(name) != 'string')
			return request.reply({ status: 0, code: 'no-session' });

		const username = 'luci-' + substr(replace(name ?? 'ubus', /[^A-Za-z0-9._-]/g, '_'), 0, 59);
		const body = sprintf('%J', { username, scopes });

		request.reply(with_members(call('POST', '/api/v1/tickets', body, null)));
	});
}

function is_text(value, most) {
	return type(value) == 'string' && length(value) <= most;
}

function pass_on(method, path, body, token) {
	if (!is_text(method, 8) || !match(method, METHOD) || !is_text(path, 2048) || !match(path, PATH) || !is_text(body, MOST_BODY_BYTES))
		return { status: 0, code: 'invalid' };

	// Never with the rights of the socket.
	if (!is_text(token, 64) || !match(token, TOKEN))
		return { status: 401, code: 'sign-in-needed', body: '' };

	return call(method, path, body, token);
}

return {
	tram: {
		// A ticket to look: scope read.
		view_ticket: {
			call: function(request) {
				return ticket_for(request, [ 'read' ]);
			}
		},

		// A ticket to look, control and administer.
		ticket: {
			call: function(request) {
				return ticket_for(request, [ 'read', 'control', 'admin' ]);
			}
		},

		// Takes a ticket to the gateway, for a page that cannot: { status, token, scopes, … }.
		redeem: {
			args: { ticket: 'ticket' },
			call: function(request) {
				const ticket = request.args.ticket;

				if (!is_text(ticket, 64) || !match(ticket, TOKEN))
					return { status: 0, code: 'invalid' };

				// An empty header is no right: this is open to everybody who has a ticket.
				return with_members(call('POST', '/api/v1/session/ticket', sprintf('%J', { ticket }), null));
			}
		},

		// What anybody may know: whether the gateway answers, and whether it still has to be set up.
		state: {
			call: function(request) {
				const answer = with_members(call('GET', '/api/v1/session', '', null));

				return (answer.status == 200)
					? { status: 200, setupNeeded: answer.setupNeeded }
					: { status: 0, code: answer.code ?? 'broken' };
			}
		},

		// A new one-time code that makes the first administrator.
		setup_code: {
			call: function(request) {
				return with_members(call('POST', '/api/v1/setup/code', '', null));
			}
		},

		// Passes a GET on: { status, body }.
		read: {
			args: { path: 'path', token: 'token' },
			call: function(request) {
				return pass_on('GET', request.args.path, '', request.args.token);
			}
		},

		// Passes any request on: { status, body, location }.
		request: {
			args: { method: 'method', path: 'path', body: 'body', token: 'token' },
			call: function(request) {
				const args = request.args;

				return pass_on(args.method, args.path, args.body ?? '', args.token);
			}
		}
	}
};
