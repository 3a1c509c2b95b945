'use strict';
'require baseclass';
'require tram.gateway as gateway';
'require tram.value as value';

/* Times for people. Ages are counted by the gateway's clock, for the browser's may differ. */


return baseclass.extend({
	/** `3 minutes ago` for an ISO 8601 time. */
	ago: function(time) {
		const seconds = Math.floor((gateway.now() - Date.parse(time)) / 1000);

		if (isNaN(seconds))
			return '';

		if (seconds < 10)
			return _('just now', 'tram');

		if (seconds < 60)
			return N_(seconds, '%d second ago', '%d seconds ago', 'tram').format(seconds);

		const minutes = Math.floor(seconds / 60);
		const hours = Math.floor(seconds / 3600);
		const days = Math.floor(seconds / 86400);

		if (minutes < 60)
			return N_(minutes, '%d minute ago', '%d minutes ago', 'tram').format(minutes);

		if (hours < 24)
			return N_(hours, '%d hour ago', '%d hours ago', 'tram').format(hours);

		return N_(days, '%d day ago', '%d days ago', 'tram').format(days);
	},

	/** Date and time of day in the language of the page. */
	full: function(time) {
		const date = new Date(time);

		return isNaN(date) ? String(time) : date.toLocaleString(value.language());
	},

	/** The time of day in milliseconds since 1970, in the language of the page. */
	ofDay: function(ms) {
		return new Date(ms).toLocaleTimeString(value.language());
	},

	/** The age, with the full time where somebody points at it. */
	node: function(time) {
		return E('time', { 'datetime': time, 'title': this.full(time) }, [ this.ago(time) ]);
	}
});
