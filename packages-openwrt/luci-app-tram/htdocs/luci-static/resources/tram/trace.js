'use strict';
'require baseclass';
'require ui';
'require tram.gateway as gateway';
'require tram.moment as moment';
'require tram.words as words';

/* Why a rule fired, or did not. */

function shown(value) {
	return (typeof(value) == 'string') ? value : JSON.stringify(value === undefined ? null : value);
}

return baseclass.extend({
	/** One evaluation: what came of it, what triggered it, and each condition with the value that was seen. */
	node: function(trace) {
		const facts = [ _('Trigger: %s').format(trace.trigger) ];

		if (trace.seen !== undefined)
			facts.push(_('seen: %s', 'tram').format(shown(trace.seen)));

		if (trace.detail)
			facts.push(trace.detail);

		return E('div', { 'class': 'tram-trace', 'data-outcome': trace.outcome }, [
			words.badge(trace.outcome, words.outcome(trace.outcome)), ' ', moment.node(trace.time), ' ',
			E('span', {}, [ facts.join(' · ') ]),
			E('ul', {}, trace.checks.map(check => E('li', {}, [
				words.badge(check.passed ? 'good' : 'bad', check.passed ? _('met', 'tram') : _('not met', 'tram')), ' ',
				check.what + ' · ' + _('seen: %s', 'tram').format(shown(check.seen))
			])))
		]);
	},

	/** Shows the latest evaluations of a rule over the page. */
	open: function(rule) {
		return gateway.get('/rules/' + encodeURIComponent(rule.id) + '/traces').then(({ traces }) => {
			const dialog = ui.showModal(null, [
				E('h3', {}, [ _('Latest evaluations of %s').format(rule.title || rule.id) ]),
				E('div', { 'class': 'tram-traces', 'tabindex': '0', 'role': 'region',
					'aria-label': _('Latest evaluations of %s').format(rule.title || rule.id) },
				traces.length == 0
					? [ E('p', {}, [ _('No evaluations are kept for this rule.') ]) ]
					: traces.map(trace => this.node(trace))),
				E('div', { 'class': 'right' }, [
					E('button', { 'type': 'button', 'class': 'btn cbi-button', 'click': ui.hideModal }, [
						_('Close the trace')
					])
				])
			]);

			dialog.setAttribute('aria-label', _('Latest evaluations of %s').format(rule.title || rule.id));
		});
	}
});
