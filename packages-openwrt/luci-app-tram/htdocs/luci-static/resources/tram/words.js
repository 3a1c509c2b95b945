'use strict';
'require baseclass';

/* What the gateway says in codes, in the language of the page. Short words carry the context `tram`: LuCI has one
 * catalogue for all of its applications. */

function lookUp(words, key) {
	return Object.prototype.hasOwnProperty.call(words, key) ? words[key]() : String(key);
}

const AVAILABILITY = {
	unknown: () => _('Not heard yet', 'tram'),
	init: () => _('Starting', 'tram'),
	ready: () => _('Online', 'tram'),
	disconnected: () => _('Disconnected', 'tram'),
	sleeping: () => _('Sleeping', 'tram'),
	lost: () => _('Lost', 'tram')
};

const QUALITY = {
	good: () => _('good', 'tram'),
	stale: () => _('stale', 'tram'),
	bad: () => _('bad', 'tram')
};

const RULE = {
	active: () => _('Active', 'tram'),
	disabled: () => _('Switched off', 'tram'),
	unavailable: () => _('Unavailable', 'tram')
};

const OUTCOME = {
	'fired': () => _('Fired', 'tram'),
	'waiting': () => _('Waiting', 'tram'),
	'condition-false': () => _('Condition not met', 'tram'),
	'mode-dropped': () => _('Dropped by run mode', 'tram'),
	'cancelled': () => _('Cancelled', 'tram'),
	'held': () => _('Held', 'tram'),
	'resumed': () => _('Resumed', 'tram'),
	'action': () => _('Action', 'tram'),
	'finished': () => _('Finished', 'tram'),
	'failed': () => _('Failed', 'tram')
};

const BRIDGE = {
	connecting: () => _('Connecting', 'tram'),
	online: () => _('Online', 'tram'),
	offline: () => _('Offline', 'tram'),
	stopped: () => _('Stopped', 'tram')
};

const MODULE = {
	stopped: () => _('Stopped', 'tram'),
	opening: () => _('Opening', 'tram'),
	up: () => _('Up', 'tram'),
	degraded: () => _('Degraded', 'tram'),
	closing: () => _('Closing', 'tram'),
	failed: () => _('Failed', 'tram')
};

const CLOCK = {
	untrusted: () => _('Not set: nothing has set the clock since power-on, times may be wrong'),
	holdover: () => _('Holdover: the clock was right once and drifts since'),
	synced: () => _('Synchronised', 'tram')
};

/* Why a command failed. */
const COMMAND = {
	'unknown-thing': () => _('the gateway no longer knows this Thing'),
	'unknown-property': () => _('the Thing no longer has this property'),
	'unknown-action': () => _('the Thing no longer has this action'),
	'read-only': () => _('this property cannot be written'),
	'invalid-value': () => _('the value is not allowed'),
	'unavailable': () => _('the Thing is not available'),
	'too-many': () => _('too many commands are waiting'),
	'loop': () => _('commands led to each other in a loop'),
	'not-stored': () => _('the gateway could not keep the command'),
	'overridden': () => _('the device reports another value'),
	'rejected': () => _('the device refused'),
	'timeout': () => _('the device did not confirm in time'),
	'send-failed': () => _('the command could not be sent'),
	'unknown-outcome': () => _('the gateway restarted before the outcome was known')
};

/* Why a request failed. What is not here is told in the gateway's own words. */
const REQUEST = {
	'unreachable': () => _('Tram does not answer.'),
	'broken': () => _('Tram broke off its answer.'),
	'timeout': () => _('Tram did not answer in time.'),
	'too-large': () => _('There is more to show than LuCI can pass on. Open the web UI of Tram instead.'),
	'luci-denied': () => _('Your LuCI account may not do this.'),
	'no-session': () => _('Your LuCI session has ended. Sign in again.'),
	'scope-missing': () => _('You may look at Tram here, but not change it.'),
	'changed': () => _('Somebody changed the file of this rule meanwhile.'),
	'exists': () => _('There is a rule with this id already.'),
	'invalid-rule': () => _('The text is not a sound rule. Nothing was saved.'),
	'not-writable': () => _('The rules folder cannot be written. Nothing was saved.'),
	'unknown-rule': () => _('This rule is gone.'),
	'unknown-file': () => _('This rule file is gone.')
};

/* The theme's own classes for labels. */
const GOOD = [ 'ready', 'good', 'active', 'online', 'up', 'synced', 'fired', 'finished', 'ok' ];
const BAD = [ 'lost', 'disconnected', 'bad', 'failed', 'unavailable', 'failing' ];

return baseclass.extend({
	availability: state => lookUp(AVAILABILITY, state),
	quality: state => lookUp(QUALITY, state),
	rule: state => lookUp(RULE, state),
	outcome: state => lookUp(OUTCOME, state),
	bridge: state => lookUp(BRIDGE, state),
	module: state => lookUp(MODULE, state),
	clock: state => lookUp(CLOCK, state),

	/** Why a command failed: the words for its code, and the device's own where there are any. */
	command: function(code, reason) {
		const known = Object.prototype.hasOwnProperty.call(COMMAND, code);
		const text = known ? COMMAND[code]() : _('the gateway refused');

		return (reason && (!known || code == 'invalid-value' || code == 'rejected' || code == 'overridden'))
			? text + ' (' + reason + ')'
			: text;
	},

	/** What went wrong with a request, for people. */
	failure: function(error) {
		if (error && error.code && Object.prototype.hasOwnProperty.call(REQUEST, error.code))
			return REQUEST[error.code]();

		if (error && error.detail)
			return _('Tram refused: %s').format(error.detail);

		return String((error && error.message) || error);
	},

	/** A label in the colour of the state. */
	badge: function(state, text) {
		const kind = GOOD.indexOf(state) >= 0 ? ' success' : (BAD.indexOf(state) >= 0 ? ' important' : ' warning');

		return E('span', { 'class': 'label tram-badge' + kind, 'data-state': state }, [ text ]);
	}
});
