"""What people do in the browser: edit, reply, rate, delete. Texts pass through the editor as in a real Moodle."""

from collections.abc import Mapping

from lms_bridge.sandbox.moodle import forum_store, rows, wiki_store
from lms_bridge.sandbox.moodle.admin_hand import AdminsHand
from lms_bridge.sandbox.moodle.person_edit import after_person_edit


class Hand(AdminsHand):
    """`by` is a username. Ids are those of the web services."""

    def human_edit_wiki_page(self, page: int, by: str, content: str) -> None:
        """Saves `content` as the server keeps it."""
        user = self._site.user_named(by)
        wiki_store.save_page(self._site, self._site.wiki_pages[page], content, user.id)

    def edit_wiki_page(
        self, page: int, by: str, *, content: str = "", replace: Mapping[str, str] | None = None
    ) -> None:
        """Opens the page in the editor, changes it (`content`: all of it, `replace`: some words) and saves."""
        row = self._site.wiki_pages[page]
        version = wiki_store.last_version(self._site, row)
        text = content or after_person_edit(version.content if version else "")
        for old, new in (replace or {}).items():
            if old not in text:
                raise ValueError(f"the page has no {old!r}")
            text = text.replace(old, new)
        self.human_edit_wiki_page(page, by, after_person_edit(text))

    def delete_wiki_page(self, page: int) -> None:
        del self._site.wiki_pages[page]
        self._site.wiki_versions.pop(page, None)

    def add_wiki_page(self, subwiki: int, by: str, title: str, content: str) -> int:
        user = self._site.user_named(by)
        page = wiki_store.create_page(self._site, subwiki, title, "html", user.id)
        wiki_store.save_page(self._site, page, after_person_edit(content), user.id)
        return page.id

    def start_discussion(self, forum: int, by: str, subject: str, message: str, group: int = -1) -> int:
        user = self._site.user_named(by)
        message = after_person_edit(message)
        return forum_store.add_discussion(self._site, forum, user, (subject, message), group).id

    def reply(self, post: int, by: str, message: str, subject: str = "") -> int:
        parent = self._site.posts[post]
        user = self._site.user_named(by)
        subject = subject or forum_store.reply_subject(parent.subject)
        return forum_store.add_post(self._site, parent, user, (subject, after_person_edit(message), 1)).id

    def edit_post(self, post: int, by: str, *, message: str = "", replace: Mapping[str, str] | None = None) -> None:
        """Another person's edit leaves the line "Edited by …", as mod/forum/post.php does."""
        row = self._site.posts[post]
        user = self._site.user_named(by)
        text = after_person_edit(message or row.message)
        for old, new in (replace or {}).items():
            if old not in text:
                raise ValueError(f"the post has no {old!r}")
            text = text.replace(old, new)
        if user.id != row.userid:
            text += forum_store.edited_by(self._site, row, user)
        row.message = text
        row.modified = self._site.now

    def delete_post(self, post: int) -> None:
        forum_store.delete_post(self._site, self._site.posts[post])

    def rate(self, by: str, component: str, item: int, stars: int) -> None:
        """`component`: mod_forum (a post) or mod_data (an entry)."""
        activity = self._activity_of_item(component, item)
        user = self._site.user_named(by)
        area = "post" if component == "mod_forum" else "entry"
        rating = rows.Rating(
            self._site.next_id("rating"),
            activity.contextid,
            component,
            area,
            item,
            activity.settings.get("scale", 5),
            stars,
            user.id,
            self._site.now,
        )
        self._site.ratings[rating.id] = rating

    def add_entry(self, database: int, by: str, values: Mapping[str, str]) -> int:
        """`values` by the name of the field."""
        user = self._site.user_named(by)
        now = self._site.now
        entry = rows.DataEntry(self._site.next_id("data_records"), database, user.id, 0, now, now, True)
        for field in self._site.data_fields.values():
            if field.dataid == database:
                entry.contents[field.id] = rows.DataContent(self._site.next_id("data_content"))
        self._site.data_entries[entry.id] = entry
        self.edit_entry(entry.id, values)
        return entry.id

    def _field(self, database: int, name: str) -> rows.DataField:
        for field in self._site.data_fields.values():
            if (field.dataid, field.name) == (database, name):
                return field
        raise ValueError(f"the database has no field {name!r}")

    def edit_entry(self, entry: int, values: Mapping[str, str]) -> None:
        """`values` by the name of the field; the others stay."""
        row = self._site.data_entries[entry]
        for name, value in values.items():
            field = self._field(row.dataid, name)
            row.contents.setdefault(field.id, rows.DataContent(self._site.next_id("data_content")))
            row.contents[field.id].content = after_person_edit(value) if field.type == "textarea" else value
        row.timemodified = self._site.now

    def set_course_field(self, course: int, shortname: str, value: str) -> None:
        """In the course's settings form."""
        row = self._site.courses[course]
        for field in self._site.custom_fields.values():
            if field.shortname == shortname:
                row.fields[field.id] = value
                row.timemodified = self._site.now
                return
        raise ValueError(f"this site has no course field {shortname!r}")

    def delete_entry(self, entry: int) -> None:
        del self._site.data_entries[entry]

    def _activity_of_item(self, component: str, item: int) -> rows.Activity:
        if component == "mod_forum":
            instance = self._site.discussions[self._site.posts[item].discussion].forum
            activity = self._site.activity_of("forum", instance)
        else:
            activity = self._site.activity_of("data", self._site.data_entries[item].dataid)
        if activity is None:
            raise KeyError(f"no activity holds {component} {item}")
        return activity
