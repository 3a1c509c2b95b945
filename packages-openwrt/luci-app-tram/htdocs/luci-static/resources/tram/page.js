'use strict';
'require baseclass';
'require dom';
'require tram.words as words';

/* What all pages of Tram have: the style, and one place that tells when the gateway cannot be asked. */

return baseclass.extend({
	style: function() {
		if (document.getElementById('tram-style') == null)
			document.head.appendChild(E('link', {
				'id': 'tram-style', 'rel': 'stylesheet', 'href': L.resource('tram/style.css')
			}));
	},

	/** A box that is there but empty until something has to be told. */
	alertBox: function() {
		return E('div', { 'class': 'tram-alerts', 'aria-live': 'polite' });
	},

	/** An alert message in the theme's own look. */
	alert: function(kind, title, ...children) {
		return E('div', { 'class': 'alert-message ' + kind }, [ E('h3', {}, [ title ]), ...children ]);
	},

	/** Says in the box that the gateway could not be asked; an empty error empties it. */
	tellFailure: function(box, error) {
		dom.content(box, error == null ? [] : [
			this.alert('warning', words.failure(error), E('p', {}, [
				_('The overview of Tram tells whether the service runs.'), ' ',
				E('a', { 'href': L.url('admin/services/tram/overview') }, [ _('Open the overview of Tram') ])
			]))
		]);
	}
});
