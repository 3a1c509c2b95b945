'use strict';
'require baseclass';
'require fs';
'require rpc';

/* The service as procd and the init script know it: whether it runs, and why not. */

const callServiceList = rpc.declare({ object: 'service', method: 'list', params: [ 'name' ], expect: { '': {} } });
const callInitList = rpc.declare({ object: 'rc', method: 'list', params: [ 'name' ], expect: { '': {} } });

return baseclass.extend({
	/**
	 * Resolves to { running, enabled, exitCode }. `enabled` tells whether it starts with the router; it and `exitCode`
	 * are null where nobody knows. Never rejects.
	 */
	state: function() {
		return Promise.all([
			L.resolveDefault(callServiceList('tram'), {}),
			L.resolveDefault(callInitList('tram'), {})
		]).then(([ services, scripts ]) => {
			const instances = Object.values(((services || {}).tram || {}).instances || {});
			const ended = instances.find(instance => !instance.running && typeof(instance.exit_code) == 'number');
			const script = (scripts || {}).tram;

			return {
				running: instances.some(instance => instance.running === true),
				enabled: script ? script.enabled === true : null,
				exitCode: ended ? ended.exit_code : null
			};
		});
	},

	/** Starts it with the router from now on, and now. Rejects with what the init script said. */
	enable: function() {
		return this.act('enable').then(() => this.act('start'));
	},

	start: function() {
		return this.act('start');
	},

	restart: function() {
		return this.act('restart');
	},

	act: function(action) {
		return fs.exec('/etc/init.d/tram', [ action ]).then(result => {
			if (result.code !== 0)
				throw new Error((result.stderr || result.stdout || '').trim() ||
					_('The init script of Tram ended with code %d.').format(result.code));
		});
	}
});
