'use strict';
'require baseclass';
'require tram.gateway as gateway';
'require tram.text-dialog as textDialog';

/* Reading, writing and making rules, as the text of one rule each. */

const TEMPLATE = [
	'id: new-rule',
	'title: New rule',
	'triggers:',
	'  - state:',
	'      property: thing/node/name',
	'      to: true',
	'actions:',
	'  - notify: It happened.',
	''
].join('\n');

function pathOf(id) {
	return '/rules/' + encodeURIComponent(id);
}

function check(text, id) {
	return gateway.call('POST', '/rules/check', (id === undefined) ? { text: text } : { text: text, id: id })
		.then(answer => answer.body);
}

return baseclass.extend({
	/** Opens the text of a rule; `onSaved` is called when it was changed. */
	edit: function(rule, mayChange, onSaved) {
		const read = () => gateway.get(pathOf(rule.id) + '/source').then(source => {
			this.revision = source.revision;
			return source;
		});

		return read().then(source => textDialog.open({
			title: mayChange ? _('Edit rule %s').format(rule.id) : _('Text of rule %s').format(rule.id),
			hint: _('YAML of one rule, in the file %s. Comments stay.').format(source.file),
			text: source.text,
			readonly: !mayChange,
			check: text => check(text, rule.id),
			save: text => gateway.call('PUT', pathOf(rule.id) + '/source', { text: text, revision: this.revision })
				.then(onSaved),
			reload: () => read().then(now => now.text)
		}));
	},

	/** Opens the text of a rule that is not there yet. */
	add: function(onSaved) {
		return textDialog.open({
			title: _('New automation rule'),
			hint: _('YAML of one rule. It is added to rules.yaml.'),
			text: TEMPLATE,
			readonly: false,
			check: text => check(text),
			save: text => gateway.call('POST', '/rules', { text: text }).then(onSaved),
			reload: () => Promise.resolve(TEMPLATE)
		});
	},

	/** Opens a whole file: the way to mend one that is not a list of rules. Its rules are checked once it is saved. */
	mend: function(file, onSaved) {
		const path = '/rule-files/' + encodeURIComponent(file);
		const read = () => gateway.get(path).then(now => {
			this.revision = now.revision;
			return now.text;
		});

		return read().then(text => textDialog.open({
			title: _('Mend the rule file %s').format(file),
			hint: _('The whole file: a list of rules, each beginning with a dash.'),
			text: text,
			readonly: false,
			check: null,
			save: now => gateway.call('PUT', path, { text: now, revision: this.revision }).then(onSaved),
			reload: read
		}));
	},

	remove: function(id) {
		return gateway.call('DELETE', pathOf(id));
	},

	enable: function(id, enabled) {
		return gateway.call('PUT', pathOf(id) + '/enabled', { enabled: enabled });
	}
});
