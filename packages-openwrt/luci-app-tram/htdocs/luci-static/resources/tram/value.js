'use strict';
'require baseclass';

/* The values of properties as people read them, and as they type them. */

function decimals(step) {
	const text = String(step);
	const dot = text.indexOf('.');

	return dot < 0 ? 0 : text.length - dot - 1;
}

return baseclass.extend({
	/** The language of the page; of its variants (en-GB) the one that the browser speaks. */
	language: function() {
		const page = document.documentElement.lang;

		return (!page || navigator.language.indexOf(page) == 0) ? navigator.language : page;
	},

	/** A value with its unit; an empty text for none. `schema` is the property's. */
	text: function(value, schema) {
		const unit = schema.unit ? ' ' + schema.unit : '';

		if (value === undefined || value === null)
			return '';

		if (typeof(value) == 'boolean')
			return schema.readOnly === true
				? (value ? _('Yes', 'tram') : _('No', 'tram'))
				: (value ? _('On', 'tram') : _('Off', 'tram'));

		if (typeof(value) == 'number')
			return this.number(value, schema) + unit;

		return (typeof(value) == 'string') ? value + unit : JSON.stringify(value);
	},

	/** A number with the digits of its step, or at most three. */
	number: function(value, schema) {
		const digits = schema.multipleOf ? decimals(schema.multipleOf) : 3;

		return value.toLocaleString(this.language(), {
			minimumFractionDigits: (schema.multipleOf && digits <= 20) ? digits : 0,
			maximumFractionDigits: Math.min(digits, 20)
		});
	},

	/** What somebody typed, as a value of the schema: { value } or { problem }. The gateway checks again. */
	read: function(text, schema) {
		switch (schema.type) {
		case 'boolean':
			return { value: text === true || text === 'true' };

		case 'integer':
		case 'number':
			return this.readNumber(String(text), schema);

		case 'string':
			return { value: String(text) };

		default:
			try {
				return { value: JSON.parse(text) };
			}
			catch (_error) {
				return { problem: _('Enter JSON.') };
			}
		}
	},

	readNumber: function(text, schema) {
		const number = text.trim() === '' ? NaN : Number(text);

		if (!isFinite(number))
			return { problem: _('Enter a number.') };

		if (schema.type == 'integer' && !Number.isInteger(number))
			return { problem: _('Enter a whole number.') };

		if (schema.minimum !== undefined && number < schema.minimum)
			return { problem: _('At least %s.').format(this.number(schema.minimum, {})) };

		if (schema.maximum !== undefined && number > schema.maximum)
			return { problem: _('At most %s.').format(this.number(schema.maximum, {})) };

		return { value: number };
	}
});
