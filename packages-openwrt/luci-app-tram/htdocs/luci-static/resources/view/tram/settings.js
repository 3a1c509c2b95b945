'use strict';
'require form';
'require uci';
'require view';

/* The settings of /etc/config/tram. Its options are keys of the gateway's configuration, and a placeholder shows what
 * counts where nothing is set. "Save & Apply" starts the gateway anew when they are good. */

/* Sections of which there is one. */
const SINGLE = [ 'service', 'gateway', 'storage', 'rules', 'mqtt', 'mqtt_external', 'mqtt_tls', 'mqtt_limits', 'http',
	'history', 'flash', 'events', 'node_red', 'log' ];

/* An id of the gateway, of a listener, a module or a cloud. */
const ID = /^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$/;
/* 2^40: what the gateway takes for a number without a limit of its own. */
const MOST = 1099511627776;

/** Adds an option: { type, datatype, placeholder, … } are properties of the form element. */
function add(section, type, name, title, description, properties) {
	const option = section.option(type, name, title, description);

	option.optional = true;
	Object.assign(option, properties || {});

	return option;
}

/** A choice whose first entry is that of the gateway: nothing is written. */
function choose(section, name, title, description, unset, choices, properties) {
	const option = add(section, form.ListValue, name, title, description, properties);

	if (unset !== null)
		option.value('', unset);

	choices.forEach(choice => option.value(choice[0], choice[1]));

	return option;
}

function validJson(_section, text) {
	if (text === '' || text == null)
		return true;

	try {
		const found = JSON.parse(text);

		return (found !== null && typeof(found) == 'object' && !Array.isArray(found)) ||
			_('Enter a JSON object, such as { "speed": 60 }.');
	}
	catch (_error) {
		return _('Enter a JSON object, such as { "speed": 60 }.');
	}
}

/** One line in UCI, however it was typed. */
function writeJson(sectionId, text) {
	uci.set('tram', sectionId, this.option, JSON.stringify(JSON.parse(text)));
}

/** An object of the configuration, as one JSON text. */
function addJson(section, name, title, description) {
	return add(section, form.TextValue, name, title, description,
		{ modalonly: true, rows: 3, monospace: true, validate: validJson, write: writeJson });
}

function matches(pattern, problem) {
	return (_section, text) => (text === '' || text == null || pattern.test(text)) ? true : problem;
}

return view.extend({
	load: function() {
		return uci.load('tram').then(() => {
			/* Somebody may have removed a section by hand; the form shows it all the same, and saves it when it is used. */
			SINGLE.forEach(name => {
				if (uci.get('tram', name) == null)
					uci.add('tram', name, name);
			});
		});
	},

	render: function() {
		const map = new form.Map('tram', _('Tram settings'),
			_('Options left empty have the value that is shown faintly. Where /etc/tram/tram.yaml says something too, the options here win.'));

		this.service(map.section(form.NamedSection, 'service', 'service', _('Service', 'tram')));
		this.gateway(map.section(form.NamedSection, 'gateway', 'gateway', _('This gateway')));
		this.storage(map.section(form.NamedSection, 'storage', 'storage', _('Where it keeps its data')));
		this.rules(map.section(form.NamedSection, 'rules', 'rules', _('Automation rules')));
		this.ruleWebhooks(map.section(form.GridSection, 'rule_webhook', _('Webhooks of rules'),
			_('Where notifications of rules go: to: [webhook:the id].')));
		this.http(map.section(form.NamedSection, 'http', 'http', _('Web UI and API')));
		this.mqtt(map.section(form.NamedSection, 'mqtt', 'mqtt', _('MQTT broker')));
		this.listeners(map.section(form.GridSection, 'listener', _('Further listeners of the MQTT broker'),
			_('Encrypted, or for browsers. MQTT over WebSocket is also at /mqtt of the web UI.')));
		this.tls(map.section(form.NamedSection, 'mqtt_tls', 'mqtt_tls', _('Certificate of the MQTT broker'),
			_('Without one, the gateway has an authority of its own: tram ca init.')));
		this.limits(map.section(form.NamedSection, 'mqtt_limits', 'mqtt_limits', _('Limits of MQTT clients')));
		this.external(map.section(form.NamedSection, 'mqtt_external', 'mqtt_external', _('Another MQTT broker'),
			_('For the engine of that name: mosquitto, EMQX or HiveMQ, which the gateway is a client of.')));
		this.accounts(map.section(form.GridSection, 'account', _('MQTT accounts'),
			_('Fixed accounts of devices and programs.')));
		this.modules(map.section(form.GridSection, 'module', _('Radio and protocol modules')));
		this.clouds(map.section(form.GridSection, 'cloud', _('Cloud bridges'),
			_('What devices report goes there; while a cloud is away, it waits on disk.')));
		this.history(map.section(form.NamedSection, 'history', 'history', _('History of readings'),
			_('What properties were over time, beside the database.')));
		this.policies(map.section(form.GridSection, 'history_policy', _('What the history keeps'),
			_('The first that fits counts; without any, everything is kept as long as there is room.')));
		this.flash(map.section(form.NamedSection, 'flash', 'flash', _('Wear of the flash')));
		this.events(map.section(form.NamedSection, 'events', 'events', _('Journal of events'),
			_('Every reading, command and change of the latest days: for replays of rules, and to find out why.')));
		this.nodeRed(map.section(form.NamedSection, 'node_red', 'node_red', _('Node-RED of the gateway'),
			_('An optional package. For administrators of Tram, at /node-red/ of its web UI.')));
		this.log(map.section(form.NamedSection, 'log', 'log', _('Log of the gateway')));

		return map.render();
	},

	service: function(s) {
		add(s, form.Flag, 'enabled', _('Run the gateway'), null, { default: '1', rmempty: false });
		add(s, form.Value, 'heap_mb', _('Memory of the program (MB)'),
			_('Its JavaScript heap.'),
			{ datatype: 'range(32,4096)', placeholder: _('a quarter of the memory, from 64 to 512') });
		add(s, form.Value, 'nofile', _('Most open files and connections'), null,
			{ datatype: 'range(1024,1048576)', placeholder: '4096' });
		const lines = { validate: matches(/^[A-Za-z0-9_.-]{1,32}$/, _('Enter the name of a network interface.')) };
		add(s, form.DynamicList, 'metered_interface', _('Interfaces that are paid by volume'),
			_('Names of network interfaces, such as phone. Modems (3G, QMI, MBIM, NCM, ModemManager) need not be named. While the default route is over one, readings wait.'),
			lines);
		add(s, form.DynamicList, 'unmetered_interface', _('Modems that are not paid by volume'),
			_('Names of network interfaces, such as wwan.'), lines);
	},

	gateway: function(s) {
		add(s, form.Value, 'id', _('Gateway id'),
			_('Its name in MQTT and in the cloud: a to z, 0 to 9 and hyphens. Everything is new there when it changes.'),
			{
				placeholder: _('the name of the host'),
				validate: matches(ID, _('Use a to z, 0 to 9 and hyphens.'))
			});
		add(s, form.Value, 'name', _('Name for people'), null,
			{ datatype: 'maxlength(256)', placeholder: _('the gateway id') });
		add(s, form.Value, 'latitude', _('Latitude', 'tram'), _('Degrees north. For rules on sunrise and sunset.'),
			{ datatype: 'and(float,range(-90,90))' });
		add(s, form.Value, 'longitude', _('Longitude', 'tram'), _('Degrees east.'),
			{ datatype: 'and(float,range(-180,180))' });
		add(s, form.Value, 'timezone', _('Time zone of rules'), _('An IANA name, such as Asia/Ho_Chi_Minh.'),
			{ placeholder: _('that of the system') });
		choose(s, 'clock', _('Clock', 'tram'), null, _('believed once a time source has set it (default)'), [
			[ 'auto', _('believed once a time source has set it') ],
			[ 'trusted', _('always believed') ]
		]);
		choose(s, 'wan', _('The way to the Internet'), null, _('nobody knows what it costs (default)'), [
			[ 'metered', _('is paid by volume') ],
			[ 'unmetered', _('costs the same') ]
		]);
	},

	storage: function(s) {
		add(s, form.Value, 'data', _('Data folder'),
			_('The database. On a disk of its own the gateway waits until that is mounted.'),
			{ placeholder: '/srv/tram' });
	},

	rules: function(s) {
		add(s, form.Value, 'dir', _('Rules folder'), null, { placeholder: '/etc/tram/rules' });
		add(s, form.DynamicList, 'http_hosts', _('Hosts that rules may call'),
			_('A name (ports 80 and 443), name:port, or *.example.org. Without one, rules call nobody over HTTP.'));
	},

	http: function(s) {
		add(s, form.Value, 'host', _('Address of the web UI'), _('Where it listens. 0.0.0.0 is everywhere.'),
			{ datatype: 'host', placeholder: '0.0.0.0' });
		add(s, form.Value, 'port', _('Port of the web UI'), null, { datatype: 'port', placeholder: '8080' });
		add(s, form.DynamicList, 'hosts', _('Further names of the gateway'),
			_('Names that browsers use for it, besides its addresses, plain names, *.lan and *.local. All others are refused.'),
			{ validate: matches(/^[A-Za-z0-9.-]{1,253}$/, _('Enter a host name.')) });
	},

	mqtt: function(s) {
		choose(s, 'engine', _('Broker engine'),
			_('aedes knows MQTT 3.1.1 alone and keeps no sessions. Another broker is set up below.'),
			_('of the gateway (default)'), [
				[ 'tram', _('of the gateway') ],
				[ 'aedes', 'aedes' ],
				[ 'external', _('another broker') ]
			]);
		add(s, form.Value, 'host', _('Address of the MQTT broker'), _('Where it listens. 0.0.0.0 is everywhere.'),
			{ datatype: 'host', placeholder: '0.0.0.0' });
		add(s, form.Value, 'port', _('Port of the MQTT broker'), null, { datatype: 'port', placeholder: '1883' });
		choose(s, 'durability', _('What a power cut may cost'),
			_('Strict writes each message to disk before it is acknowledged. It wears NAND flash.'),
			_('the last minute of telemetry (default)'), [
				[ 'standard', _('the last minute of telemetry') ],
				[ 'strict', _('nothing: strict') ]
			]);
		add(s, form.DynamicList, 'durable', _('Topics that survive a power cut'),
			_('Topic filters, such as alarm/#. Their messages are on disk before they are acknowledged.'),
			{ datatype: 'maxlength(1024)' });
		choose(s, 'discovery', _('Home Assistant discovery'),
			_('Tasmota, Shelly and Homie devices are heard in their own way whatever is chosen here.'),
			_('both ways (default)'), [
				[ 'both', _('both ways') ],
				[ 'in', _('in: its devices become Things') ],
				[ 'out', _('out: it is told of the Things') ],
				[ 'off', _('off', 'tram') ]
			]);
		add(s, form.Flag, 'anonymous', _('Let everybody in'),
			_('Without a password, with all rights. For a workbench only.'), { default: '0' });
	},

	listeners: function(s) {
		s.addremove = true;
		s.anonymous = false;
		s.nodescriptions = true;
		s.modaltitle = _('Listener of the MQTT broker');
		s.addbtntitle = _('Add a listener');

		add(s, form.Value, 'id', _('Id of the listener'), _('Without one, the name of the section.'), {
			modalonly: true,
			validate: matches(ID, _('Use a to z, 0 to 9 and hyphens.'))
		});
		choose(s, 'protocol', _('Protocol', 'tram'), null, null, [
			[ 'mqtts', _('MQTT over TLS') ],
			[ 'wss', _('WebSocket over TLS') ],
			[ 'ws', _('WebSocket', 'tram') ],
			[ 'mqtt', _('MQTT, not encrypted') ]
		], { optional: false, default: 'mqtts' });
		add(s, form.Value, 'port', _('Port of the listener'), null, { datatype: 'port', optional: false, placeholder: '8883' });
		add(s, form.Value, 'host', _('Address of the listener'), _('Where it listens. 0.0.0.0 is everywhere.'),
			{ modalonly: true, datatype: 'host', placeholder: '0.0.0.0' });
		add(s, form.Value, 'interface', _('Network interface'), _('Such as br-lan, instead of an address.'),
			{ modalonly: true, validate: matches(/^[A-Za-z0-9._-]{1,15}$/, _('Enter the name of a network interface.')) });
		add(s, form.Value, 'connections', _('Most connections of the listener'), null,
			{ modalonly: true, datatype: 'range(1,1000000)', placeholder: _('as many as the broker takes') });
		const certificates = choose(s, 'client_certificates', _('Certificates of clients'),
			_('The common name of a certificate is the account.'), _('taken, not asked for (default)'), [
				[ 'optional', _('taken, not asked for') ],
				[ 'required', _('required', 'tram') ],
				[ 'off', _('not taken') ]
			], { modalonly: true });
		certificates.depends('protocol', 'mqtts');
		certificates.depends('protocol', 'wss');
	},

	tls: function(s) {
		add(s, form.Value, 'cert_file', _('Certificate file'), _('PEM, with its chain. Relative to /etc/tram.'));
		add(s, form.Value, 'key_file', _('File of its private key'), _('PEM. Relative to /etc/tram.'));
		add(s, form.Value, 'ca_file', _('File of the authorities of clients'), _('PEM. Relative to /etc/tram.'));
	},

	limits: function(s) {
		const number = (name, title, from, to, placeholder) =>
			add(s, form.Value, name, title, null, { datatype: 'range(' + from + ',' + to + ')', placeholder: placeholder });

		number('packet_bytes', _('Largest packet (bytes)'), 1024, 268435460, '1048576');
		number('connections', _('Most connections'), 1, MOST, '10000');
		number('sessions', _('Most sessions, absent clients included'), 1, MOST, '10000');
		number('session_expiry_seconds', _('Longest absence of a client with a session (seconds)'), 1, MOST, '2592000');
		number('subscriptions', _('Most subscriptions of a client'), 1, MOST, '1000');
		number('in_flight', _('Most unacknowledged messages of a client'), 1, 65535, '64');
		number('queue_messages', _('Most messages that wait for one client'), 1, MOST, '1000');
		number('queue_bytes', _('Most bytes that wait for one client'), 1024, MOST, '4194304');
		number('queued_bytes', _('Most bytes that wait for all clients'), 1024, MOST, '33554432');
		number('retained_messages', _('Most retained messages'), 0, MOST, '50000');
		number('retained_bytes', _('Most bytes of retained messages'), 0, MOST, '16777216');
		number('messages_per_second', _('Messages of a client in a second'), 1, MOST, '20000');
		number('memory_bytes', _('Memory above which no new client is let in (bytes)'), 0, MOST, _('six tenths of the memory'));
	},

	external: function(s) {
		add(s, form.Value, 'url', _('Address of the broker'), _('Such as mqtts://broker.lan:8883 or wss://broker.lan/mqtt, without credentials.'),
			{ validate: matches(/^(mqtts?|wss?):\/\/[^@\s]{1,512}$/, _('Enter mqtt://, mqtts://, ws:// or wss:// and a host.')) });
		add(s, form.Value, 'username', _('User name at the broker'), null, { datatype: 'maxlength(256)' });
		add(s, form.Value, 'password', _('Password at the broker'), _('Or a file with the password in its first line.'),
			{ password: true, datatype: 'maxlength(256)' });
		add(s, form.Value, 'password_file', _('Password file'), _('Relative to /etc/tram.'));
		add(s, form.Value, 'ca_file', _('File of the authorities of the broker'), _('PEM. Relative to /etc/tram.'),
			{ placeholder: _('those of the system') });
		add(s, form.Value, 'cert_file', _('Certificate file of the gateway'), _('PEM. Relative to /etc/tram.'));
		add(s, form.Value, 'key_file', _('File of its private key'), _('PEM. Relative to /etc/tram.'));
		add(s, form.Value, 'client_id', _('MQTT client id'), _('Must be unique at the broker.'),
			{ datatype: 'maxlength(128)', placeholder: _('tram- and the gateway id') });
		choose(s, 'version', _('MQTT version'), null, _('5.0, or 3.1.1 where the broker does not know it (default)'), [
			[ 'auto', _('5.0, or 3.1.1 where the broker does not know it') ],
			[ '5.0', '5.0' ],
			[ '3.1.1', '3.1.1' ]
		]);
		add(s, form.Value, 'keep_alive_seconds', _('Seconds of silence before the broker is asked'), null,
			{ datatype: 'range(5,3600)', placeholder: '30' });
		add(s, form.Value, 'session_expiry_seconds', _('How long the broker keeps what comes while the gateway is away (seconds)'), null,
			{ datatype: 'range(0,31536000)', placeholder: '86400' });
	},

	accounts: function(s) {
		s.addremove = true;
		s.anonymous = false;
		s.nodescriptions = true;
		s.modaltitle = _('MQTT account');
		s.addbtntitle = _('Add an MQTT account');

		add(s, form.Value, 'username', _('User name of the account'),
			_('For a device also its id. Without one, the name of the section.'), {
				modalonly: true,
				validate: matches(/^[A-Za-z0-9._-]{1,64}$/, _('Use letters, digits, dots, hyphens and underscores.'))
			});
		choose(s, 'role', _('Role', 'tram'),
			_('A device writes and reads its own topics. A dashboard reads all, a service reads and writes all.'), null, [
				[ 'device', _('device', 'tram') ],
				[ 'dashboard', _('dashboard', 'tram') ],
				[ 'service', _('service', 'tram') ]
			], { optional: false, default: 'device' });
		add(s, form.Value, 'password', _('Password of the account'), _('Or a file with the password in its first line.'),
			{ modalonly: true, password: true, datatype: 'maxlength(256)' });
		add(s, form.Value, 'password_file', _('Password file'), _('Relative to /etc/tram.'), { modalonly: true });
		add(s, form.DynamicList, 'topics', _('Topic prefixes'),
			_('For a device that does not speak Homie: the topics that are its own.'),
			{ modalonly: true, datatype: 'maxlength(256)' }).depends('role', 'device');
	},

	modules: function(s) {
		s.addremove = true;
		s.anonymous = false;
		s.nodescriptions = true;
		s.modaltitle = _('Radio or protocol module');
		s.addbtntitle = _('Add a module');

		add(s, form.Value, 'id', _('Id of the module'), _('Without one, the name of the section.'), {
			modalonly: true,
			validate: matches(ID, _('Use a to z, 0 to 9 and hyphens.'))
		});
		add(s, form.Value, 'use', _('Module program'), _('A built-in module, or a file: ./my-module.js in /etc/tram, or absolute.'),
			{ optional: false });
		choose(s, 'isolation', _('Where it runs'), null, _('as the module asks for'), [
			[ 'in-process', _('inside the gateway') ],
			[ 'child-process', _('in a process of its own') ]
		], { modalonly: true });
		add(s, form.TextValue, 'config', _('Its own settings'), _('One JSON object, such as { "speed": 60 }.'),
			{ modalonly: true, rows: 5, monospace: true, validate: validJson, write: writeJson });
	},

	clouds: function(s) {
		s.addremove = true;
		s.anonymous = false;
		s.nodescriptions = true;
		s.modaltitle = _('Cloud bridge');
		s.addbtntitle = _('Add a cloud bridge');

		add(s, form.Value, 'id', _('Id of the bridge'), _('Without one, the name of the section.'), {
			modalonly: true,
			validate: matches(ID, _('Use a to z, 0 to 9 and hyphens.'))
		});
		choose(s, 'provider', _('Cloud dialect'), null, null, [
			[ 'mqtt', _('any MQTT broker') ],
			[ 'aws-iot', 'AWS IoT' ],
			[ 'bluemix', 'IBM Maximo Monitor' ]
		], { optional: false, default: 'mqtt' });
		add(s, form.Value, 'url', _('Address of the cloud'), _('Such as mqtts://broker.example:8883; mqtts is encrypted. User name and password have their own fields.'), {
			optional: false,
			validate: matches(/^mqtts?:\/\/(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?\/?$/,
				_('Enter mqtt://host:port or mqtts://host:port.'))
		}).depends('provider', 'mqtt');
		this.cloudDialects(s);
		add(s, form.Value, 'username', _('User name at the cloud'), null, { modalonly: true, datatype: 'maxlength(1024)' });
		add(s, form.Value, 'password', _('Password at the cloud'), _('Or a file with the password in its first line.'),
			{ modalonly: true, password: true, datatype: 'maxlength(4096)' });
		add(s, form.Value, 'password_file', _('Password file'), _('Relative to /etc/tram.'), { modalonly: true });
		add(s, form.Value, 'ca_file', _('Authorities that are believed (file)'), _('Certificates in PEM, instead of the public ones. Relative to /etc/tram.'), { modalonly: true });
		add(s, form.Value, 'cert_file', _('Certificate of this gateway (file)'), _('In PEM, where the cloud asks for one. Relative to /etc/tram.'), { modalonly: true });
		add(s, form.Value, 'key_file', _('Private key of the certificate (file)'), _('In PEM. Relative to /etc/tram.'), { modalonly: true });
		add(s, form.Value, 'client_id', _('MQTT client id'), _('Must be unique at the broker.'),
			{ modalonly: true, datatype: 'maxlength(128)', placeholder: _('tram- and the gateway id') });
		choose(s, 'protocol_version', _('MQTT version'), null, _('3.1.1 (default)'), [ [ '4', '3.1.1' ], [ '5', '5.0' ] ],
			{ modalonly: true });
		add(s, form.Value, 'keepalive_s', _('Seconds of silence before the broker is asked'), null,
			{ modalonly: true, datatype: 'range(5,1200)', placeholder: '30' });
		add(s, form.Value, 'topic_prefix', _('Topic prefix'), _('Before thing/node/property.'),
			{ modalonly: true, datatype: 'maxlength(200)', placeholder: _('tram/ and the gateway id') });
		add(s, form.DynamicList, 'things', _('What goes there'),
			_('Things (pump) and single properties (pump/motor/power). Without any, everything.'), {
				modalonly: true,
				validate: matches(/^[a-z0-9*-]+(\/[a-z0-9*-]+\/[a-z0-9*-]+)?$/, _('Enter a Thing, or thing/node/property.'))
			});
		add(s, form.Flag, 'on_change', _('Only values that have changed'), null, { modalonly: true, default: '0' });
		add(s, form.DynamicList, 'commands', _('What this cloud may set'),
			_('Things and single properties, or all alone. Without any, nothing.'), {
				modalonly: true,
				validate: matches(/^[a-z0-9*-]+(\/[a-z0-9*-]+\/[a-z0-9*-]+)?$/, _('Enter a Thing, or thing/node/property.'))
			});
		add(s, form.Value, 'command_ttl_s', _('Seconds until a command is too old'), null,
			{ modalonly: true, datatype: 'range(1,86400)', placeholder: '60' });
		add(s, form.Value, 'queue_rows', _('Most messages that wait'), _('Then the oldest telemetry is dropped, and counted.'),
			{ modalonly: true, datatype: 'range(100,10000000)', placeholder: '1000000' });
		add(s, form.Value, 'queue_mb', _('Most MB of messages that wait'), null,
			{ modalonly: true, datatype: 'range(1,100000)', placeholder: '256' });
		this.cloudTraffic(s);
	},

	/** What one cloud alone is told. */
	cloudDialects: function(s) {
		const only = (provider, type, name, title, description, properties) =>
			add(s, type, name, title, description, Object.assign({ modalonly: true }, properties || {}))
				.depends('provider', provider);

		only('mqtt', form.Value, 'alpn', _('TLS application protocol'), _('Where the broker asks for one (ALPN).'));
		only('mqtt', form.Value, 'topic', _('Template of topics'), _('Such as plant/{gateway}/{thing}/{name}.'));
		only('mqtt', form.Value, 'payload', _('Template of payloads'), _('{value}, or a JSON object with such places.'));
		choose(s, 'format', _('Form of messages'), null, _('JSON of its own (default)'), [ [ 'homie', 'Homie 5' ] ], { modalonly: true })
			.depends('provider', 'mqtt');
		choose(s, 'state', _('Of states'), null, _('every reading (default)'), [ [ 'latest', _('the latest one alone') ] ],
			{ modalonly: true }).depends('provider', 'mqtt');
		only('aws-iot', form.Value, 'endpoint', _('Endpoint of AWS IoT'), _('As aws iot describe-endpoint tells it.'));
		only('aws-iot', form.Value, 'thing_name', _('Name of the gateway in AWS IoT'), null, { placeholder: _('the gateway id') });
		choose(s, 'child_shadows', _('Shadows of its Things'), null, _('named like the gateway (default)'),
			[ [ 'classic', _('classic ones') ], [ 'none', _('none: topics alone') ] ], { modalonly: true })
			.depends('provider', 'aws-iot');
		only('bluemix', form.Value, 'org', _('Organisation at IBM'), _('Six letters and digits.'));
		only('bluemix', form.Value, 'host', _('Host of the service'), null);
		only('bluemix', form.Value, 'gateway_type', _('Device type of the gateway'), null);
		only('bluemix', form.Value, 'gateway_id', _('Device id of the gateway'), null);
		only('bluemix', form.Value, 'thing_type', _('Device type of its Things'), null);
		add(s, form.Flag, 'managed', _('Managed by the service'), _('Device management of IBM.'), { modalonly: true, default: '1' })
			.depends('provider', 'bluemix');
		const port = add(s, form.Value, 'port', _('TCP port of the cloud'), null, { modalonly: true, datatype: 'port', placeholder: '8883' });
		port.depends('provider', 'aws-iot');
		port.depends('provider', 'bluemix');
	},

	/** How much goes to a cloud, and what waits. */
	cloudTraffic: function(s) {
		add(s, form.DynamicList, 'areas', _('Areas that go there'), _('Their ids. Without any, all.'), { modalonly: true });
		add(s, form.DynamicList, 'properties', _('Properties that go there'), _('node/property, of any Thing. Without any, all.'),
			{ modalonly: true });
		add(s, form.DynamicList, 'alarms', _('Properties that are alarms'), _('thing/node/property. They go first, at any time.'),
			{ modalonly: true });
		add(s, form.DynamicList, 'manage', _('What this cloud may manage'), _('rules, config. Without any, nothing.'), { modalonly: true });
		add(s, form.Value, 'rate_s', _('Seconds between two readings of a property'), null, { modalonly: true, datatype: 'uinteger' });
		add(s, form.Value, 'deadband', _('Least change of a number'), null, { modalonly: true, datatype: 'ufloat' });
		add(s, form.Value, 'deadband_percent', _('Least change of a number (%)'), null, { modalonly: true, datatype: 'ufloat' });
		add(s, form.Value, 'monthly_mb', _('MB a month that may be sent'), _('Then telemetry waits; alarms go on.'),
			{ modalonly: true, datatype: 'uinteger' });
		add(s, form.Value, 'backlog_share', _('Part of a backlog after an outage'), _('From 0.05 to 0.95 of what is sent.'),
			{ modalonly: true, datatype: 'and(ufloat,range(0.05,0.95))', placeholder: '0.5' });
		addJson(s, 'metered', _('On a line that is paid by volume'), '{ "telemetry": "defer" }');
		addJson(s, 'queue_classes', _('Limits of one class of messages'), '{ "telemetry": { "rows": 1000, "mb": 1, "ttl": "7d" } }');
		addJson(s, 'thin', _('Sum up telemetry in a long outage'), '{ "after": "6h", "slot": "15m" }');
	},

	events: function(s) {
		add(s, form.Value, 'memory_mb', _('Memory for events (MB)'), _('0 records nothing. 100 sensors that report every ten seconds take 2 MB a day.'),
			{ datatype: 'range(0,1024)', placeholder: _('a thirty-second of the memory, from 2 to 8') });
		add(s, form.Value, 'disk_mb', _('Room for events on the disk (MB)'),
			_('There they survive a restart. It writes each minute in which something happened; 0 spares the flash.'),
			{ datatype: 'range(0,1024)', placeholder: '0' });
		add(s, form.Value, 'keep_hours', _('Hours that events are kept'), null, { datatype: 'range(1,8760)', placeholder: '48' });
	},

	history: function(s) {
		add(s, form.Flag, 'enabled', _('Keep a history'), null, { default: '1' });
		add(s, form.Value, 'size_mb', _('Most MB of the history'), _('Then the oldest is dropped.'),
			{ datatype: 'range(8,65536)', placeholder: '64' });
		add(s, form.Value, 'window_seconds', _('Seconds of readings that a power cut may cost'),
			_('They are written together. Longer wears the flash less.'), { datatype: 'range(5,3600)', placeholder: '300' });
	},

	ruleWebhooks: function(s) {
		s.addremove = true;
		s.anonymous = false;
		s.nodescriptions = true;
		s.modaltitle = _('Webhook of rules');
		s.addbtntitle = _('Add a webhook');

		add(s, form.Value, 'id', _('Id of the webhook'), _('Without one, the name of the section.'), {
			modalonly: true,
			validate: matches(ID, _('Use a to z, 0 to 9 and hyphens.'))
		});
		add(s, form.Value, 'url', _('Address of the webhook'), _('Notifications are POSTed there as JSON.'),
			{ rmempty: false, placeholder: 'https://example.org/hook' });
		add(s, form.Value, 'headers_file', _('File with further headers'),
			_('One name: value a line; tokens stay out of the configuration.'), { modalonly: true });
	},

	policies: function(s) {
		s.addremove = true;
		s.anonymous = false;
		s.nodescriptions = true;
		s.modaltitle = _('Policy of the history');
		s.addbtntitle = _('Add a policy');

		add(s, form.Value, 'id', _('Id of the policy'), _('Without one, the name of the section.'), {
			modalonly: true,
			validate: matches(ID, _('Use a to z, 0 to 9 and hyphens.'))
		});
		add(s, form.DynamicList, 'things', _('For these Things'), _('Ids; * stands for any characters. Without any, all.'),
			{ datatype: 'maxlength(200)' });
		add(s, form.DynamicList, 'properties', _('For these properties'),
			_('As node/name; * stands for any characters. Without any, all.'), { datatype: 'maxlength(200)' });
		add(s, form.Flag, 'record', _('Keep them'), null, { default: '1' });
		add(s, form.Flag, 'always', _('Always in full'), _('Also when the flash has to be spared.'),
			{ default: '0', modalonly: true });
		add(s, form.Value, 'raw_days', _('Days of single readings'), _('Minutes and days stay.'),
			{ modalonly: true, datatype: 'range(1,36500)', placeholder: _('as long as there is room') });
		add(s, form.Value, 'days', _('Days of everything'), null,
			{ modalonly: true, datatype: 'range(1,36500)', placeholder: _('as long as there is room') });
	},

	flash: function(s) {
		add(s, form.Value, 'budget_mb', _('MB that may be written in a day'), _('Above that the history is written less often.'),
			{ datatype: 'range(1,1000000)', placeholder: '50' });
		add(s, form.Value, 'cap_mb', _('MB a day above which the history keeps minutes alone'),
			_('Not below the value before. What must not be lost is always written.'),
			{ datatype: 'range(1,1000000)', placeholder: '200' });
		add(s, form.Value, 'endurance_cycles', _('How often a block of the flash can be erased'),
			_('To tell how long it lasts. Some 3000 for MLC NAND, 1000 for TLC, 100000 for NOR.'),
			{ datatype: 'range(100,1000000)', placeholder: '3000' });
	},

	nodeRed: function(s) {
		add(s, form.Flag, 'enabled', _('Run Node-RED where it is installed'), null, { default: '1' });
		add(s, form.Value, 'dir', _('Folder of Node-RED'), null, { placeholder: '/usr/lib/tram/node-red' });
		add(s, form.Flag, 'palette', _('Let administrators install nodes'),
			_('It needs npm and the Internet, and runs what others wrote.'), { default: '0' });
	},

	log: function(s) {
		choose(s, 'level', _('Least level that is written'), null, _('information (default)'), [
			[ 'debug', _('debugging', 'tram') ],
			[ 'info', _('information', 'tram') ],
			[ 'warn', _('warnings', 'tram') ],
			[ 'error', _('errors', 'tram') ]
		]);
	}
});
