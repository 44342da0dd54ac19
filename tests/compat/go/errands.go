package main

import (
	"log"
	"net/http"
	"slices"

	"github.com/mattermost/mattermost/server/public/model"
)

// errands does what else a day brings: teams, channels, people, statuses; each answer is looked at.
func (s *side) errands() {
	ctx, api := s.ctx, s.api
	require(must(api.GetMe(ctx, "")).Username == s.Username, "I am who signed in")
	config := must(api.GetClientConfig(ctx, ""))
	require(config["Version"] != "" && config["CollapsedThreads"] != "", "the client's configuration is complete", config)

	team := must(api.CreateTeam(ctx, &model.Team{Name: s.Word, DisplayName: "A team", Type: model.TeamOpen}))
	require(must(api.GetTeamByName(ctx, s.Word, "")).Id == team.Id, "a team is found by its name")
	mine := must(api.GetTeamsForUser(ctx, "me", ""))
	require(slices.ContainsFunc(mine, func(one *model.Team) bool { return one.Id == team.Id }), "it is one of mine")
	for _, member := range must(api.GetTeamMembersForUser(ctx, "me", "")) {
		require(member.TeamId != team.Id || (member.SchemeAdmin && member.SchemeUser), "who makes a team leads it")
	}
	must(api.AddTeamMember(ctx, team.Id, s.PeerID))

	fresh := &model.Channel{TeamId: team.Id, Name: s.Word, DisplayName: "A channel", Type: model.ChannelTypePrivate}
	channel := must(api.CreateChannel(ctx, fresh))
	require(must(api.GetChannelByNameForTeamName(ctx, s.Word, s.Word, "")).Id == channel.Id, "a channel is found by names")
	must(api.AddChannelMember(ctx, channel.Id, s.PeerID))
	require(must(api.GetChannelStats(ctx, channel.Id, "", true)).MemberCount == 2, "two are in it")
	require(len(must(api.GetChannelMembers(ctx, channel.Id, 0, 60, ""))) == 2, "and both are listed")
	require(len(must(api.GetPublicChannelsForTeam(ctx, team.Id, 0, 60, ""))) == 2, "a new team has two open channels")
	require(len(must(api.GetChannelsForTeamForUser(ctx, team.Id, "me", false, ""))) >= 3, "I am in all three")
	withTeams := must(api.GetChannelMembersWithTeamData(ctx, "me", -1, 60))
	require(slices.ContainsFunc(withTeams, func(one model.ChannelMemberWithTeamData) bool {
		return one.ChannelId == channel.Id && one.TeamName == s.Word
	}), "all memberships come in one answer")

	direct := must(api.CreateDirectChannel(ctx, s.user.Id, s.PeerID))
	must(api.CreatePost(ctx, &model.Post{ChannelId: direct.Id, Message: "are you there?"}))
	viewed := must(api.ViewChannel(ctx, "me", &model.ChannelView{ChannelId: direct.Id}))
	require(viewed.LastViewedAtTimes[direct.Id] > 0, "a channel was viewed", viewed)
	require(must(api.GetChannelUnread(ctx, direct.Id, "me")).MsgCount == 0, "and nothing in it is unread")

	require(must(api.GetUsersByIds(ctx, []string{s.PeerID}))[0].Username == s.PeerName, "people are found by id")
	require(must(api.GetUsersByUsernames(ctx, []string{s.PeerName}))[0].Id == s.PeerID, "and by name")
	found := must(api.SearchUsers(ctx, &model.UserSearch{Term: s.PeerName, TeamId: team.Id}))
	require(len(found) == 1 && found[0].Id == s.PeerID, "and by search", found)
	known := must(api.AutocompleteUsersInChannel(ctx, team.Id, channel.Id, s.PeerName, 10, ""))
	require(len(known.Users) == 1 && known.Users[0].Id == s.PeerID, "and while typing", known)
	roles := must(api.GetRolesByNames(ctx, []string{"system_user", "channel_user"}))
	require(len(roles) == 2 && len(roles[0].Permissions) > 1, "roles have permissions", roles)

	must(api.UpdateUserStatus(ctx, s.user.Id, &model.Status{UserId: s.user.Id, Status: model.StatusDnd}))
	statuses := must(api.GetUsersStatusesByIds(ctx, []string{s.user.Id}))
	require(len(statuses) == 1 && statuses[0].Status == model.StatusDnd, "a status is what it was set to", statuses)
	s.typing(channel.Id)
}

// typing uses the socket for what it is also for: requests, as text and as MessagePack.
func (s *side) typing(channelID string) {
	s.socket.UserTyping(channelID, "")
	s.expectReply(2)
	if err := s.socket.SendBinaryMessage("get_statuses_by_ids", map[string]any{"user_ids": []string{s.user.Id}}); err != nil {
		log.Panicf("binary: %v", err)
	}
	reply := s.expectReply(3)
	require(reply.Data[s.user.Id] == model.StatusDnd, "the socket knows statuses", reply.Data)
}

func (s *side) expectReply(number int64) *model.WebSocketResponse {
	for {
		select {
		case event := <-s.socket.EventChannel:
			s.events = append(s.events, event)
		case reply := <-s.socket.ResponseChannel:
			if reply.SeqReply == number {
				require(reply.Status == model.StatusOk, "the request was done", reply.Error)
				return reply
			}
		}
	}
}

// leave ends the session, and sees that it has ended.
func (s *side) leave() {
	s.socket.Close()
	token := s.api.AuthToken
	if _, err := s.api.Logout(s.ctx); err != nil {
		log.Panicf("logout: %v", err)
	}
	s.api.SetToken(token)
	_, response, err := s.api.GetMe(s.ctx, "")
	require(err != nil && response.StatusCode == http.StatusUnauthorized, "the session has ended", response)
}
