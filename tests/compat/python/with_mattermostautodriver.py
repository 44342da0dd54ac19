"""How the conversation's words are said with mattermostautodriver, which is generated from the API's description."""

from collections.abc import Callable
from typing import Any

from mattermostautodriver import TypedDriver
from mattermostautodriver.exceptions import NoAccessTokenProvided

Value = dict[str, Any]


class Client:
    """mattermostautodriver, signed in with a password."""

    def __init__(self, plan: Value) -> None:
        self._address = {"scheme": "http", "url": plan["host"]}
        self._websocket_port = plan["websocket_port"]
        who = {"login_id": plan["username"], "password": plan["password"]}
        self._driver = TypedDriver({**self._address, "port": plan["rest_port"], **who})
        self._driver.login()
        self.user_id: str = self._driver.client.userid

    def listen(self, on_event: Callable[[str], Any]) -> None:
        # A driver speaks to one port; past Envoy an edge's sockets have another than its REST.
        ears = TypedDriver({**self._address, "port": self._websocket_port})
        ears.client.token = self._driver.client.token
        ears.init_websocket(on_event)

    def errands(self, plan: Value) -> None:
        driver, peer, word = self._driver, plan["peer_id"], plan["word"]
        assert driver.users.get_user("me")["username"] == plan["username"]

        team = driver.teams.create_team(name=word, display_name="A team", type="O")
        assert driver.teams.get_team_by_name(word)["id"] == team["id"]
        assert team["id"] in [mine["id"] for mine in driver.teams.get_teams_for_user("me")]
        member = next(m for m in driver.teams.get_team_members_for_user("me") if m["team_id"] == team["id"])
        assert member["scheme_admin"] is True
        driver.teams.add_team_member(team["id"], user_id=peer)

        channel = driver.channels.create_channel(team["id"], word, "A channel", "P", header="for errands")
        assert driver.channels.get_channel_by_name_for_team_name(word, word)["header"] == "for errands"
        driver.channels.add_channel_member(channel["id"], user_id=peer)
        assert driver.channels.get_channel_stats(channel["id"])["member_count"] == 2
        members = driver.channels.get_channel_members(channel["id"])
        assert {m["user_id"] for m in members} == {self.user_id, peer}
        public = driver.channels.get_public_channels_for_team(team["id"])
        assert {c["name"] for c in public} == {"town-square", "off-topic"}
        assert channel["id"] in [c["id"] for c in driver.channels.get_channels_for_user("me")]
        mine = driver.users.get_channel_members_with_team_data_for_user("me", page=0, per_page=200)
        assert (channel["id"], word) in [(m["channel_id"], m["team_name"]) for m in mine]

        direct = driver.channels.create_direct_channel([self.user_id, peer])
        driver.posts.create_post(direct["id"], "are you there?")
        viewed = driver.channels.view_channel("me", direct["id"])
        assert viewed["last_viewed_at_times"][direct["id"]] > 0

        assert [user["id"] for user in driver.users.get_users_by_ids([peer])] == [peer]
        assert [user["id"] for user in driver.users.get_users_by_usernames([plan["peer_name"]])] == [peer]
        found = driver.users.search_users(plan["peer_name"], in_channel_id=channel["id"])
        assert [user["id"] for user in found] == [peer]
        known = driver.users.autocomplete_users(plan["peer_name"], team_id=team["id"])
        assert [user["id"] for user in known["users"]] == [peer]

        driver.status.update_user_status(self.user_id, "away")
        assert [entry["status"] for entry in driver.status.get_users_statuses_by_ids([self.user_id])] == ["away"]

    def say(self, channel_id: str, message: str, **fields: Any) -> Value:
        made: Value = self._driver.posts.create_post(channel_id, message, **fields)
        return made

    def thread(self, post_id: str) -> Value:
        thread: Value = self._driver.posts.get_post_thread(post_id)
        return thread

    def react(self, post_id: str, emoji_name: str) -> Any:
        reaction = {"user_id": self.user_id, "post_id": post_id, "emoji_name": emoji_name}
        return self._driver.reactions.save_reaction(reaction)

    def edit(self, post_id: str, message: str) -> Any:
        return self._driver.posts.patch_post(post_id, message=message)

    def delete(self, post_id: str) -> Any:
        return self._driver.posts.delete_post(post_id)

    def page(self, channel_id: str, number: int, size: int) -> Value:
        page: Value = self._driver.posts.get_posts_for_channel(channel_id, page=number, per_page=size)
        return page

    def upload(self, channel_id: str, name: str, content: bytes) -> Value:
        uploaded: Value = self._driver.files.upload_file((name, content), channel_id)
        return uploaded

    def download(self, file_id: str) -> bytes:
        content: bytes = self._driver.files.get_file(file_id).content
        return content

    def describe(self, file_id: str) -> Value:
        info: Value = self._driver.files.get_file_info(file_id)
        return info

    def leave(self) -> None:
        token = self._driver.client.token
        self._driver.logout()
        self._driver.client.token = token
        try:
            self._driver.users.get_user("me")
        except NoAccessTokenProvided:
            return
        raise SystemExit("the session that was ended is still good")
