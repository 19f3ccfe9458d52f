<?php
// Makes, once, what lms-bridge needs in a Moodle (4.1 to 5.x): role, user, service, token, course custom fields and a
// template course. Copy it into Moodle's root and run it as the user that owns Moodle's data:
//     sudo -u www-data php lms_bridge_setup.php --dry-run
// It only adds: a second run says "already so" and changes nothing. Delete the file from Moodle's root afterwards.

define('CLI_SCRIPT', true);

const LMSBRIDGE_HELP = <<<'TEXT'
Makes what lms-bridge needs in this Moodle. Run it again at any time: what stands is left alone.

  --enable-web-services     turn on web services and the REST protocol, where they are off
  --provision               also let the bot fill courses from the template course
  --role-scope=site|courses where the bot may act: everywhere (default), or in --courses only
  --courses=A,B             course idnumbers for --role-scope=courses
  --email=ADDRESS           the bot's e-mail address (default lmsbridge@example.invalid; it is sent nothing)
  --valid-days=N            a new token ends after N days (default: it does not end)
  --ip=LIST                 a new token works from these addresses only, e.g. 10.0.0.5 or 10.0.0.0/24
  --renew-token             make a new token and remove the old ones
  --token-file=FILE         write the token to FILE, readable by its owner only
  --print-token             print the token on standard output
  --exact                   take away rights that lms-bridge does not need: capabilities, functions, and with
                            --role-scope=courses the role in the whole site
  --dry-run                 say what would be done, change nothing
  --moodle=DIR              Moodle's root, if this file is not in it
  --help                    this text

Exit code: 0 all stands, 1 something is left to do by hand (it is named), 2 wrong use.

TEXT;

// Core web service functions that the bot may call.
const LMSBRIDGE_FUNCTIONS = [
    'core_course_check_updates',
    'core_course_get_contents',
    'core_course_get_course_module',
    'core_course_get_courses_by_field',
    'core_course_update_courses',
    'core_group_get_activity_allowed_groups',
    'core_update_inplace_editable',
    'core_webservice_get_site_info',
    'mod_data_add_entry',
    'mod_data_delete_entry',
    'mod_data_get_data_access_information',
    'mod_data_get_databases_by_courses',
    'mod_data_get_entries',
    'mod_data_get_fields',
    'mod_data_search_entries',
    'mod_data_update_entry',
    'mod_forum_add_discussion',
    'mod_forum_add_discussion_post',
    'mod_forum_can_add_discussion',
    'mod_forum_delete_post',
    'mod_forum_get_discussion_posts',
    'mod_forum_get_forum_access_information',
    'mod_forum_get_forum_discussions',
    'mod_forum_get_forums_by_courses',
    'mod_forum_set_lock_state',
    'mod_forum_set_pin_state',
    'mod_forum_update_discussion_post',
    'mod_wiki_edit_page',
    'mod_wiki_get_page_contents',
    'mod_wiki_get_page_for_editing',
    'mod_wiki_get_subwiki_pages',
    'mod_wiki_get_subwikis',
    'mod_wiki_get_wikis_by_courses',
    'mod_wiki_new_page',
    'tool_mobile_call_external_functions',
];
const LMSBRIDGE_FUNCTIONS_PROVISION = [
    'core_course_import_course',
];

// Capabilities of the bot's role.
const LMSBRIDGE_CAPABILITIES = [
    'mod/data:view',
    'mod/data:viewentry',
    'mod/data:writeentry',
    'mod/forum:addnews',
    'mod/forum:addquestion',
    'mod/forum:createattachment',
    'mod/forum:deleteanypost',
    'mod/forum:editanypost',
    'mod/forum:pindiscussions',
    'mod/forum:postwithoutthrottling',
    'mod/forum:replypost',
    'mod/forum:startdiscussion',
    'mod/forum:viewdiscussion',
    'mod/wiki:createpage',
    'mod/wiki:editpage',
    'mod/wiki:managewiki',
    'mod/wiki:viewpage',
    'moodle/course:manageactivities',
    'moodle/course:update',
    'moodle/course:view',
    'moodle/course:viewhiddenactivities',
    'moodle/course:viewhiddencourses',
    'moodle/site:accessallgroups',
    'webservice/rest:use',
];
const LMSBRIDGE_CAPABILITIES_PROVISION = [
    'moodle/backup:backuptargetimport',
    'moodle/restore:restoretargetimport',
];
// Web services look for this one at the site, so a bot that acts in some courses only still needs it there.
const LMSBRIDGE_CAPABILITIES_SITE = ['webservice/rest:use'];

const LMSBRIDGE_FIELD_CATEGORY = 'lms-bridge';
// Course custom fields (short name => what learners read). Text, since number fields exist only from Moodle 4.5 on.
const LMSBRIDGE_FIELDS = [
    'lmsbridge_average' => 'Course rating',
    'lmsbridge_count' => 'Number of ratings',
    'lmsbridge_stars' => 'Stars',
    'lmsbridge_spread' => 'Spread of ratings',
    'lmsbridge_rank' => 'Rank',
];

const LMSBRIDGE_TEMPLATE = 'lmsbridge-template';
const LMSBRIDGE_WIKI = 'lmsbridge-wiki';
const LMSBRIDGE_FORUM = 'lmsbridge-forum';
const LMSBRIDGE_REVIEWS = 'lmsbridge-reviews';
// Fields of the reviews database (name => type).
const LMSBRIDGE_REVIEW_FIELDS = [
    'Reviewer' => 'text',
    'Stars' => 'number',
    'Comment' => 'textarea',
    'Date' => 'text',
    'Key' => 'text',
];

// Finds config.php: beside this file, where the command was started, or where --moodle says.
function lmsbridge_find_config(array $argv): string {
    $places = [__DIR__, dirname(__DIR__), getcwd()];
    foreach ($argv as $argument) {
        if (strpos($argument, '--moodle=') === 0) {
            $places = [substr($argument, strlen('--moodle='))];
        }
    }
    foreach ($places as $place) {
        // From Moodle 5.1 on the code is in public/ and config.php stays in the root above it.
        $code = is_file("$place/lib/setup.php") || is_file("$place/public/lib/setup.php");
        if ($code && is_file("$place/config.php")) {
            return realpath("$place/config.php");
        }
    }
    fwrite(STDERR, "No Moodle found in: " . implode(', ', array_unique($places)) . "\n"
        . "Copy this file into Moodle's root (where config.php is), or say --moodle=DIR.\n");
    exit(2);
}

// Says what stands, makes what is missing, and remembers what only a person can do.
final class lmsbridge_report {
    public int $changes = 0;
    /** @var string[] */
    public array $left = [];
    public bool $dryrun;

    public function __construct(bool $dryrun) {
        $this->dryrun = $dryrun;
    }

    /** Runs $make unless $already. */
    public function want(string $what, bool $already, callable $make): void {
        if ($already) {
            $this->say('already so', $what);
            return;
        }
        $this->changes++;
        if (!$this->dryrun) {
            $make();
        }
        $this->say($this->dryrun ? 'would make' : 'made', $what);
    }

    public function needs(string $what): void {
        $this->left[] = $what;
        $this->say('LEFT TO DO', $what);
    }

    public function note(string $what): void {
        $this->say('note', $what);
    }

    /** The last line: how much was made, and how much is left. */
    public function close(): void {
        $made = ($this->dryrun ? 'Would be made: ' : 'Made: ') . $this->changes;
        if (!$this->changes) {
            $made = $this->left ? 'Nothing was made' : 'Nothing to change: all of it stands';
        }
        fwrite(STDERR, $made . ($this->left ? '. Left to do by hand: ' . count($this->left) : '') . ".\n");
    }

    private function say(string $state, string $what): void {
        fwrite(STDERR, str_pad($state, 11) . ' ' . $what . "\n");
    }
}

function lmsbridge_options(): array {
    $defaults = [
        'enable-web-services' => false, 'provision' => false, 'role-scope' => 'site', 'courses' => '',
        'email' => 'lmsbridge@example.invalid', 'valid-days' => 0, 'ip' => '', 'renew-token' => false,
        'token-file' => '', 'print-token' => false, 'exact' => false, 'dry-run' => false, 'moodle' => '', 'help' => false,
    ];
    [$options, $unknown] = cli_get_params($defaults, ['h' => 'help']);
    if ($options['help']) {
        echo LMSBRIDGE_HELP;
        exit(0);
    }
    $wrong = $unknown ? ['unknown option ' . implode(', ', $unknown)] : [];
    if (!in_array($options['role-scope'], ['site', 'courses'], true)) {
        $wrong[] = '--role-scope is site or courses';
    }
    $courses = array_filter(array_map('trim', explode(',', (string)$options['courses'])), 'strlen');
    if (($options['role-scope'] === 'courses') !== (bool)$courses) {
        $wrong[] = '--role-scope=courses and --courses=IDNUMBER,… go together';
    }
    if (!ctype_digit((string)$options['valid-days'])) {
        $wrong[] = '--valid-days is a number of days';
    }
    if (!validate_email((string)$options['email'])) {
        $wrong[] = '--email is an e-mail address';
    }
    if ($options['token-file'] !== '') {
        $wrong = array_merge($wrong, lmsbridge_wrong_token_file((string)$options['token-file']));
    }
    if ($wrong) {
        fwrite(STDERR, implode("\n", $wrong) . "\nSee --help.\n");
        exit(2);
    }
    $options['courses'] = array_values(array_unique($courses));
    return $options;
}

// A file under Moodle's root can be fetched with a browser.
function lmsbridge_wrong_token_file(string $file): array {
    global $CFG;
    $directory = realpath(dirname($file));
    if ($directory === false || !is_writable($directory)) {
        return ['--token-file: cannot write to the directory ' . dirname($file)];
    }
    foreach ([$CFG->dirroot, dirname(LMSBRIDGE_CONFIG)] as $root) {
        if (strpos($directory . '/', rtrim(realpath($root), '/') . '/') === 0) {
            return ['--token-file: not inside Moodle, where a browser could fetch it'];
        }
    }
    return [];
}

// Files that another user makes in Moodle's data directory lock the web server out of its own caches.
function lmsbridge_refuse_wrong_user(): void {
    global $CFG;
    $owner = fileowner($CFG->dataroot);
    if (function_exists('posix_geteuid') && posix_geteuid() === 0 && $owner !== 0) {
        $name = posix_getpwuid($owner)['name'] ?? (string)$owner;
        fwrite(STDERR, "Run it as the user that owns {$CFG->dataroot}: sudo -u $name php " . basename(__FILE__) . " …\n");
        exit(2);
    }
}

function lmsbridge_web_services(lmsbridge_report $report, bool $enable): void {
    global $CFG;
    $rest = in_array('rest', explode(',', $CFG->webserviceprotocols ?? ''), true);
    $missing = empty($CFG->enablewebservices) || !$rest;
    if ($missing && array_intersect_key($CFG->config_php_settings, ['enablewebservices' => 1, 'webserviceprotocols' => 1])) {
        $report->needs('web services are switched off in config.php: set enablewebservices and webserviceprotocols there');
        return;
    }
    if ($missing && !$enable) {
        $report->needs('web services and the REST protocol are off: run again with --enable-web-services, or turn them on in '
            . 'Site administration > General > Advanced features, and Site administration > Server > Web services > Manage protocols');
        return;
    }
    $report->want('web services are on', !empty($CFG->enablewebservices), fn() => set_config('enablewebservices', 1));
    $report->want('the REST protocol is on', $rest, function () use ($CFG) {
        $active = array_filter(explode(',', $CFG->webserviceprotocols ?? ''));
        set_config('webserviceprotocols', implode(',', array_merge($active, ['rest'])));
    });
}

// Returns the role's id, or null in a dry run where it does not stand yet.
function lmsbridge_role(lmsbridge_report $report, string $shortname, string $name, array $capabilities, bool $exact): ?int {
    global $DB;
    $description = 'The rights of lms-bridge, which brings ratings, discussion prompts and wiki pages into courses.';
    $id = $DB->get_field('role', 'id', ['shortname' => $shortname]);
    $report->want("role $shortname", (bool)$id, function () use (&$id, $name, $shortname, $description) {
        $id = create_role($name, $shortname, $description);
        set_role_contextlevels($id, [CONTEXT_SYSTEM, CONTEXT_COURSE]);
    });
    $system = context_system::instance();
    $rows = $id ? $DB->get_records_menu('role_capabilities', ['roleid' => $id, 'contextid' => $system->id], '', 'capability, permission') : [];
    foreach ($capabilities as $capability) {
        if (!get_capability_info($capability)) {
            $report->note("this Moodle has no capability $capability");
            continue;
        }
        $already = ($rows[$capability] ?? CAP_INHERIT) == CAP_ALLOW;
        $report->want("role $shortname may $capability", $already,
            fn() => assign_capability($capability, CAP_ALLOW, $id, $system->id, true));
    }
    foreach (array_diff(array_keys($rows), $capabilities) as $extra) {
        if (!$exact) {
            $report->note("role $shortname also has a setting for $extra, which lms-bridge does not need (--exact removes it)");
            continue;
        }
        $report->want("role $shortname without $extra", false, fn() => unassign_capability($extra, $id, $system->id));
    }
    return $id ? (int)$id : null;
}

function lmsbridge_user(lmsbridge_report $report, string $email): ?int {
    global $CFG, $DB;
    require_once($CFG->dirroot . '/user/lib.php');
    $user = $DB->get_record('user', ['username' => 'lmsbridge', 'mnethostid' => $CFG->mnet_localhost_id, 'deleted' => 0]);
    // auth_webservice lets a user in by web services alone; "nologin" would shut web services too.
    $auth = in_array('webservice', explode(',', $CFG->auth ?? ''), true) ? 'webservice' : 'manual';
    $report->want("user lmsbridge (sign-in method $auth)", (bool)$user, function () use (&$user, $auth, $email, $CFG) {
        $id = user_create_user([
            'username' => 'lmsbridge', 'auth' => $auth, 'firstname' => 'LMS', 'lastname' => 'Bridge', 'email' => $email,
            'password' => random_string(40) . 'aA1-', 'confirmed' => 1, 'mnethostid' => $CFG->mnet_localhost_id,
            'emailstop' => 1, 'maildisplay' => 0, 'autosubscribe' => 0,
            // Web services refuse a user who has not agreed to the site policy, and a bot cannot be shown the page.
            'policyagreed' => 1,
            'description' => 'Writes what lms-bridge brings from other systems. Not a person.',
        ]);
        $user = (object)['id' => $id, 'suspended' => 0, 'auth' => $auth];
    });
    if ($user && ($user->suspended || $user->auth === 'nologin')) {
        $report->needs('user lmsbridge is suspended or set to "No login": Site administration > Users > Browse list of users');
    }
    return $user ? (int)$user->id : null;
}

function lmsbridge_assign(lmsbridge_report $report, ?int $roleid, ?int $userid, string $role): void {
    $system = context_system::instance();
    $already = $roleid && $userid && user_has_role_assignment($userid, $roleid, $system->id);
    $report->want("user lmsbridge has role $role in the whole site", $already,
        fn() => role_assign($roleid, $userid, $system->id));
}

function lmsbridge_unassign_site(lmsbridge_report $report, ?int $roleid, ?int $userid, bool $exact): void {
    $system = context_system::instance();
    if (!$roleid || !$userid || !user_has_role_assignment($userid, $roleid, $system->id)) {
        return;
    }
    if (!$exact) {
        $report->needs('user lmsbridge still has role lmsbridge in the whole site: run again with --exact, or take it away in '
            . 'Site administration > Users > Permissions > Assign system roles');
        return;
    }
    $report->want('user lmsbridge without role lmsbridge in the whole site', false,
        fn() => role_unassign($roleid, $userid, $system->id));
}

function lmsbridge_enrol(lmsbridge_report $report, ?int $roleid, ?int $userid, string $idnumber): void {
    global $DB;
    $course = $DB->get_record('course', ['idnumber' => $idnumber], '*', IGNORE_MULTIPLE);
    if (!$course && $report->dryrun && $idnumber === LMSBRIDGE_TEMPLATE) {
        return;
    }
    $manual = enrol_get_plugin('manual');
    if (!$course || !$manual) {
        $report->needs($course ? 'manual enrolment is missing from this Moodle' : "no course has the idnumber $idnumber");
        return;
    }
    $context = context_course::instance($course->id);
    $already = $roleid && $userid && is_enrolled($context, $userid) && user_has_role_assignment($userid, $roleid, $context->id);
    $report->want("user lmsbridge has role lmsbridge in course $idnumber", $already,
        function () use ($course, $manual, $roleid, $userid, $DB) {
            $instance = $DB->get_record('enrol', ['courseid' => $course->id, 'enrol' => 'manual'], '*', IGNORE_MULTIPLE)
                ?: $DB->get_record('enrol', ['id' => $manual->add_default_instance($course)], '*', MUST_EXIST);
            $manual->enrol_user($instance, $userid, $roleid);
        });
}

function lmsbridge_service(lmsbridge_report $report, ?int $userid, array $functions, bool $exact): ?stdClass {
    global $CFG, $DB;
    require_once($CFG->dirroot . '/webservice/lib.php');
    $webservice = new webservice();
    $service = $DB->get_record('external_services', ['shortname' => 'lmsbridge']) ?: null;
    $report->want('service lmsbridge, for authorised users only, with file upload', (bool)$service,
        function () use (&$service, $webservice, $DB) {
            $id = $webservice->add_external_service((object)[
                'name' => 'lms-bridge', 'shortname' => 'lmsbridge', 'enabled' => 1, 'restrictedusers' => 1,
                'requiredcapability' => '', 'uploadfiles' => 1, 'downloadfiles' => 0,
            ]);
            $service = $DB->get_record('external_services', ['id' => $id], '*', MUST_EXIST);
        });
    if ($service) {
        $wanted = ['enabled' => 1, 'restrictedusers' => 1, 'uploadfiles' => 1];
        foreach ($wanted as $setting => $value) {
            $report->want("service lmsbridge: $setting", (int)$service->$setting === $value,
                fn() => $DB->set_field('external_services', $setting, $value, ['id' => $service->id]));
        }
    }
    lmsbridge_service_functions($report, $webservice, $service, $functions, $exact);
    $already = $service && $userid && $DB->record_exists('external_services_users', ['externalserviceid' => $service->id, 'userid' => $userid]);
    $report->want('user lmsbridge may use service lmsbridge', $already,
        fn() => $webservice->add_ws_authorised_user((object)['externalserviceid' => $service->id, 'userid' => $userid]));
    return $service;
}

function lmsbridge_service_functions(lmsbridge_report $report, webservice $webservice, ?stdClass $service, array $functions, bool $exact): void {
    global $DB;
    foreach ($functions as $function) {
        if (!$DB->record_exists('external_functions', ['name' => $function])) {
            $report->needs("this Moodle has no web service function $function");
            continue;
        }
        $already = $service && $webservice->service_function_exists($function, $service->id);
        $report->want("service lmsbridge has $function", $already,
            fn() => $webservice->add_external_function_to_service($function, $service->id));
    }
    $present = $service ? $DB->get_fieldset_select('external_services_functions', 'functionname', 'externalserviceid = ?', [$service->id]) : [];
    foreach (array_diff($present, $functions) as $extra) {
        if (!$exact) {
            $report->note("service lmsbridge also has $extra, which lms-bridge does not need (--exact removes it)");
            continue;
        }
        $report->want("service lmsbridge without $extra", false,
            fn() => $webservice->remove_external_function_from_service($extra, $service->id));
    }
}

// Returns the token, or null in a dry run where there is none yet.
function lmsbridge_token(lmsbridge_report $report, ?int $userid, ?stdClass $service, array $options): ?string {
    global $DB;
    $permanent = 0; // EXTERNAL_TOKEN_PERMANENT
    $old = $userid && $service ? $DB->get_records_select('external_tokens',
        'userid = ? AND externalserviceid = ? AND tokentype = ?', [$userid, $service->id, $permanent], 'id DESC') : [];
    $good = array_filter($old, fn($row) => empty($row->validuntil) || $row->validuntil > time());
    $kept = $options['renew-token'] ? false : reset($good);
    $token = $kept ? $kept->token : null;
    $report->want('a token for user lmsbridge and service lmsbridge', $token !== null,
        function () use (&$token, $old, $service, $userid, $options, $DB, $permanent) {
            $until = $options['valid-days'] ? time() + (int)$options['valid-days'] * DAYSECS : 0;
            $arguments = [$permanent, $service, $userid, context_system::instance(), $until, (string)$options['ip']];
            // The class is new in Moodle 4.2; 4.1 has the function only.
            $token = class_exists('\core_external\util')
                ? \core_external\util::generate_token(...$arguments)
                : external_generate_token(...$arguments);
            $DB->delete_records_list('external_tokens', 'id', array_keys($old));
        });
    if ($kept && ($options['valid-days'] || $options['ip'] !== '')) {
        $report->note('the token stands already, so --valid-days and --ip change nothing; --renew-token makes a new one');
    }
    return $token;
}

function lmsbridge_write_token(lmsbridge_report $report, ?string $token, string $file): void {
    $already = $token !== null && is_file($file) && trim((string)file_get_contents($file)) === $token
        && (fileperms($file) & 0777) === 0600;
    $report->want("the token in $file, readable by its owner only", $already, function () use ($token, $file) {
        $before = umask(0077);
        $part = $file . '.part' . getmypid();
        $written = @file_put_contents($part, $token . "\n") !== false && @chmod($part, 0600) && @rename($part, $file);
        umask($before);
        if (!$written) {
            @unlink($part);
            throw new RuntimeException("cannot write $file");
        }
    });
}

function lmsbridge_custom_fields(lmsbridge_report $report): void {
    $handler = \core_course\customfield\course_handler::create();
    $category = null;
    $standing = [];
    foreach ($handler->get_categories_with_fields() as $one) {
        $category = $one->get('name') === LMSBRIDGE_FIELD_CATEGORY ? $one : $category;
        foreach ($one->get_fields() as $field) {
            $standing[$field->get('shortname')] = $field;
        }
    }
    $report->want('course custom field category ' . LMSBRIDGE_FIELD_CATEGORY, (bool)$category, function () use (&$category, $handler) {
        $id = $handler->create_category(LMSBRIDGE_FIELD_CATEGORY);
        $category = $handler->get_categories_with_fields()[$id];
    });
    foreach (LMSBRIDGE_FIELDS as $shortname => $name) {
        $report->want("course custom field $shortname ($name), seen by everyone", isset($standing[$shortname]),
            fn() => lmsbridge_custom_field($handler, $category, $shortname, $name));
        if (isset($standing[$shortname]) && $standing[$shortname]->get_configdata_property('locked')) {
            $report->needs("course custom field $shortname is locked, so the bot's values are dropped: "
                . 'Site administration > Courses > Default settings > Course custom fields > Locked: No');
        }
    }
}

function lmsbridge_custom_field($handler, $category, string $shortname, string $name): void {
    $field = \core_customfield\field_controller::create(0, (object)['type' => 'text'], $category);
    $visibletoall = 2; // course_handler::VISIBLETOALL
    $handler->save_field_configuration($field, (object)[
        'name' => $name, 'shortname' => $shortname, 'type' => 'text', 'sortorder' => 0,
        'description' => 'Kept by lms-bridge.', 'descriptionformat' => FORMAT_HTML,
        'configdata' => [
            'required' => 0, 'uniquevalues' => 0, 'locked' => 0, 'visibility' => $visibletoall, 'defaultvalue' => '',
            'displaysize' => 50, 'maxlength' => 1333, 'ispassword' => 0, 'link' => '', 'linktarget' => '',
        ],
    ]);
}

function lmsbridge_template_course(lmsbridge_report $report): void {
    global $CFG, $DB;
    require_once($CFG->dirroot . '/course/lib.php');
    require_once($CFG->dirroot . '/course/modlib.php');
    $course = $DB->get_record('course', ['idnumber' => LMSBRIDGE_TEMPLATE], '*', IGNORE_MULTIPLE)
        ?: $DB->get_record('course', ['shortname' => LMSBRIDGE_TEMPLATE]);
    $report->want('hidden template course ' . LMSBRIDGE_TEMPLATE, (bool)$course, function () use (&$course) {
        $course = create_course((object)[
            'fullname' => 'Template for lms-bridge', 'shortname' => LMSBRIDGE_TEMPLATE, 'idnumber' => LMSBRIDGE_TEMPLATE,
            'category' => core_course_category::get_default()->id, 'visible' => 0, 'format' => 'topics', 'numsections' => 1,
            // Otherwise Moodle adds an Announcements forum, which an import would copy into every course.
            'newsitems' => 0,
            'summary' => 'Its activities are copied into courses that lms-bridge fills. Learners do not see this course.',
            'summaryformat' => FORMAT_HTML,
        ]);
    });
    foreach (lmsbridge_activities() as $idnumber => $activity) {
        $modname = $activity['modulename'];
        $already = $course && $DB->record_exists('course_modules',
            ['course' => $course->id, 'idnumber' => $idnumber, 'deletioninprogress' => 0]);
        $report->want("template activity $idnumber ($modname)", $already, function () use (&$course, $idnumber, $activity) {
            lmsbridge_activity($course, $idnumber, $activity);
        });
    }
    lmsbridge_review_fields($report, $course ?: null);
}

// idnumber => the settings of the activity's form.
function lmsbridge_activities(): array {
    $review = '<p><strong>[[Stars]] ★</strong> [[Reviewer]] · [[Date]]</p>';
    $tools = '<p>##edit## ##delete##</p>';
    return [
        LMSBRIDGE_WIKI => [
            'modulename' => 'wiki', 'name' => 'Course wiki', 'intro' => '<p>Pages for this course. Read, correct, add.</p>',
            'firstpagetitle' => 'Home', 'wikimode' => 'collaborative', 'defaultformat' => 'html', 'forceformat' => 1,
        ],
        LMSBRIDGE_FORUM => [
            'modulename' => 'forum', 'name' => 'Discussions', 'intro' => '<p>Questions to talk about. Answer, or start your own.</p>',
            'type' => 'general', 'forcesubscribe' => 0, 'trackingtype' => 1, 'maxbytes' => 0, 'maxattachments' => 9,
            'assessed' => 0, 'scale' => 0, 'grade_forum' => 0,
        ],
        LMSBRIDGE_REVIEWS => [
            'modulename' => 'data', 'name' => 'Course reviews', 'intro' => '<p>What learners say about this course.</p>',
            'comments' => 0, 'approval' => 0, 'manageapproved' => 0, 'requiredentries' => 0, 'requiredentriestoview' => 0,
            'maxentries' => 0, 'assessed' => 0, 'scale' => 0, 'defaultsort' => 0, 'defaultsortdir' => 1,
            'timeavailablefrom' => 0, 'timeavailableto' => 0, 'timeviewfrom' => 0, 'timeviewto' => 0,
            // The key is for lms-bridge alone: learners' templates leave it out.
            'listtemplate' => "<div class=\"lmsbridge-review\">$review [[Comment]] $tools<hr></div>",
            'singletemplate' => "<div class=\"lmsbridge-review\">$review [[Comment]] $tools</div>",
        ],
    ];
}

function lmsbridge_activity(stdClass $course, string $idnumber, array $activity): void {
    global $DB;
    add_moduleinfo((object)($activity + [
        'module' => $DB->get_field('modules', 'id', ['name' => $activity['modulename']], MUST_EXIST),
        'cmidnumber' => $idnumber, 'introformat' => FORMAT_HTML, 'section' => 0, 'visible' => 1, 'visibleoncoursepage' => 1,
        'groupmode' => 0, 'groupingid' => 0, 'showdescription' => 0,
    ]), $course);
}

function lmsbridge_review_fields(lmsbridge_report $report, ?stdClass $course): void {
    global $CFG, $DB;
    require_once($CFG->dirroot . '/mod/data/lib.php');
    $sql = 'SELECT d.* FROM {data} d JOIN {course_modules} cm ON cm.instance = d.id JOIN {modules} m ON m.id = cm.module
             WHERE m.name = ? AND cm.course = ? AND cm.idnumber = ?';
    $database = $course ? $DB->get_record_sql($sql, ['data', $course->id, LMSBRIDGE_REVIEWS], IGNORE_MULTIPLE) : false;
    foreach (LMSBRIDGE_REVIEW_FIELDS as $name => $type) {
        $already = $database && $DB->record_exists('data_fields', ['dataid' => $database->id, 'name' => $name]);
        $report->want("field $name ($type) of " . LMSBRIDGE_REVIEWS, $already, function () use (&$database, $name, $type) {
            $field = data_get_field_new($type, $database);
            $field->define_field((object)[
                'name' => $name, 'description' => $name === 'Key' ? 'Kept by lms-bridge: do not change' : '', 'required' => 0,
                'param1' => $type === 'text' ? '1' : '', 'param2' => $type === 'textarea' ? '60' : '',
                'param3' => $type === 'textarea' ? '15' : '', 'param4' => $type === 'textarea' ? '1' : '', 'param5' => '',
            ]);
            $field->insert_field();
        });
    }
}

function lmsbridge_main(): int {
    global $CFG;
    $options = lmsbridge_options();
    lmsbridge_refuse_wrong_user();
    \core\session\manager::set_user(get_admin());
    $report = new lmsbridge_report((bool)$options['dry-run']);
    $report->note("Moodle {$CFG->release} at {$CFG->wwwroot}");
    $provision = (bool)$options['provision'];
    $exact = (bool)$options['exact'];
    lmsbridge_web_services($report, (bool)$options['enable-web-services']);
    lmsbridge_custom_fields($report);
    lmsbridge_template_course($report);
    $capabilities = array_merge(LMSBRIDGE_CAPABILITIES, $provision ? LMSBRIDGE_CAPABILITIES_PROVISION : []);
    $roleid = lmsbridge_role($report, 'lmsbridge', 'lms-bridge', $capabilities, $exact);
    $userid = lmsbridge_user($report, (string)$options['email']);
    if ($options['role-scope'] === 'site') {
        lmsbridge_assign($report, $roleid, $userid, 'lmsbridge');
    } else {
        $callid = lmsbridge_role($report, 'lmsbridge_call', 'lms-bridge: calls', LMSBRIDGE_CAPABILITIES_SITE, $exact);
        lmsbridge_assign($report, $callid, $userid, 'lmsbridge_call');
        lmsbridge_unassign_site($report, $roleid, $userid, $exact);
        foreach (array_merge($options['courses'], $provision ? [LMSBRIDGE_TEMPLATE] : []) as $idnumber) {
            lmsbridge_enrol($report, $roleid, $userid, $idnumber);
        }
    }
    $functions = array_merge(LMSBRIDGE_FUNCTIONS, $provision ? LMSBRIDGE_FUNCTIONS_PROVISION : []);
    $service = lmsbridge_service($report, $userid, $functions, $exact);
    $token = lmsbridge_token($report, $userid, $service, $options);
    if ($options['token-file'] !== '') {
        lmsbridge_write_token($report, $token, (string)$options['token-file']);
    }
    if ($options['print-token'] && $token !== null) {
        echo $token . "\n";
    } else if ($options['token-file'] === '') {
        $report->note('the token is not shown: say --token-file=FILE or --print-token');
    }
    $report->close();
    return $report->left ? 1 : 0;
}

define('LMSBRIDGE_CONFIG', lmsbridge_find_config($argv));
require(LMSBRIDGE_CONFIG);
require_once($CFG->libdir . '/clilib.php');
require_once($CFG->libdir . '/enrollib.php');
if (!class_exists('\core_external\util')) {
    require_once($CFG->libdir . '/externallib.php');
}
try {
    exit(lmsbridge_main());
} catch (Throwable $problem) {
    fwrite(STDERR, 'Stopped: ' . $problem->getMessage() . "\nWhat was made stands; mend this and run the same command again.\n");
    exit(1);
}
