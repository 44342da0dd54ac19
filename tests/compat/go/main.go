// One side of a conversation, held by the unchanged Go client of the server's own project.
//
// The first line of standard input says who and where (JSON); "ready" is printed once the socket is open; a second line
// starts the conversation; the last line printed is what was seen (JSON).
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	"github.com/mattermost/mattermost/server/public/model"
)

const patience = 30 * time.Second

type plan struct {
	Me            string `json:"me"`
	Peer          string `json:"peer"`
	Host          string `json:"host"`
	RestPort      int    `json:"rest_port"`
	WebsocketPort int    `json:"websocket_port"`
	Username      string `json:"username"`
	Password      string `json:"password"`
	ChannelID     string `json:"channel_id"`
	PeerID        string `json:"peer_id"`
	PeerName      string `json:"peer_name"`
	Word          string `json:"word"`
}

type side struct {
	plan
	ctx    context.Context
	api    *model.Client4
	user   *model.User
	socket *model.WebSocketClient
	events []*model.WebSocketEvent
}

// must returns the value of a call of Client4, or ends the program.
func must[T any](value T, _ *model.Response, err error) T {
	if err != nil {
		log.Panicf("%v", err)
	}
	return value
}

func require(right bool, what string, about ...any) {
	if !right {
		log.Panicf("not so: %s: %v", what, about)
	}
}

// waitFor returns the event of that name that is right, which came or will come.
func (s *side) waitFor(name model.WebsocketEventType, right func(*model.WebSocketEvent) bool) *model.WebSocketEvent {
	for _, event := range s.events {
		if event.EventType() == name && right(event) {
			return event
		}
	}
	end := time.After(patience)
	for {
		select {
		case event, open := <-s.socket.EventChannel:
			if !open {
				log.Panicf("%s: the socket ended: %v", s.Me, s.socket.ListenError)
			}
			require(event.GetSequence() == int64(len(s.events)), "events are numbered without a gap", event.GetSequence())
			s.events = append(s.events, event)
			if event.EventType() == name && right(event) {
				return event
			}
		case <-s.socket.ResponseChannel:
		case <-end:
			seen := []string{}
			for _, event := range s.events {
				seen = append(seen, string(event.EventType()))
			}
			log.Panicf("%s waited for %s in vain; it saw %s", s.Me, name, strings.Join(seen, " "))
		}
	}
}

func postOf(event *model.WebSocketEvent) *model.Post {
	var post model.Post
	text, _ := event.GetData()["post"].(string)
	if err := json.Unmarshal([]byte(text), &post); err != nil {
		log.Panicf("no post: %v", err)
	}
	return &post
}

func (s *side) waitForPost(name model.WebsocketEventType, message string) *model.Post {
	return postOf(s.waitFor(name, func(event *model.WebSocketEvent) bool { return postOf(event).Message == message }))
}

func (s *side) say(message string, post *model.Post) *model.Post {
	post.ChannelId, post.Message = s.ChannelID, message
	return must(s.api.CreatePost(s.ctx, post))
}

func (s *side) converse() {
	hello := s.say("hello from "+s.Me, &model.Post{})
	theirs := s.waitForPost(model.WebsocketEventPosted, "hello from "+s.Peer)
	s.say("reply from "+s.Me, &model.Post{RootId: theirs.Id})
	require(s.waitForPost(model.WebsocketEventPosted, "reply from "+s.Peer).RootId == hello.Id, "they reply to us")
	require(must(s.api.GetPostThread(s.ctx, hello.Id, "", false)).Order[0] == hello.Id, "a thread begins with its root")

	must(s.api.SaveReaction(s.ctx, &model.Reaction{UserId: s.user.Id, PostId: theirs.Id, EmojiName: "thumbsup"}))
	s.waitFor(model.WebsocketEventReactionAdded, func(event *model.WebSocketEvent) bool {
		var reaction model.Reaction
		text, _ := event.GetData()["reaction"].(string)
		return json.Unmarshal([]byte(text), &reaction) == nil && reaction.PostId == hello.Id
	})
	edited := "edited by " + s.Me
	must(s.api.PatchPost(s.ctx, hello.Id, &model.PostPatch{Message: &edited}))
	require(s.waitForPost(model.WebsocketEventPostEdited, "edited by "+s.Peer).Id == theirs.Id, "they edited their own")

	content := func(who string) string { return strings.Repeat("a file of "+who+"\n", 1000) }
	uploaded := must(s.api.UploadFile(s.ctx, []byte(content(s.Me)), s.ChannelID, s.Me+".txt"))
	filed := s.say("file from "+s.Me, &model.Post{FileIds: []string{uploaded.FileInfos[0].Id}})
	got := s.waitForPost(model.WebsocketEventPosted, "file from "+s.Peer)
	require(got.Metadata.Files[0].Name == s.Peer+".txt", "the file's description comes with the post", got.Metadata)
	require(string(must(s.api.GetFile(s.ctx, got.FileIds[0]))) == content(s.Peer), "the file is whole")
	require(must(s.api.GetFileInfo(s.ctx, got.FileIds[0])).Name == s.Peer+".txt", "the file has its name")
	s.say("fetched by "+s.Me, &model.Post{})
	s.waitForPost(model.WebsocketEventPosted, "fetched by "+s.Peer)
	if _, err := s.api.DeletePost(s.ctx, filed.Id); err != nil {
		log.Panicf("delete: %v", err)
	}
	s.waitFor(model.WebsocketEventPostDeleted, func(event *model.WebSocketEvent) bool { return postOf(event).Id == got.Id })
	s.say("done, "+s.Me, &model.Post{})
	s.waitForPost(model.WebsocketEventPosted, "done, "+s.Peer)
}

// history returns the messages of the channel as its pages have them, newest first.
func (s *side) history() []string {
	seen := []string{}
	for number := 0; ; number++ {
		page := must(s.api.GetPostsForChannel(s.ctx, s.ChannelID, number, 3, "", false, false))
		for _, post := range page.ToSlice() {
			if post.Type == "" {
				seen = append(seen, post.Message)
			}
		}
		if len(page.Order) < 3 {
			return seen
		}
	}
}

func main() {
	log.SetFlags(0)
	lines := bufio.NewScanner(os.Stdin)
	lines.Scan()
	s := &side{ctx: context.Background()}
	if err := json.Unmarshal(lines.Bytes(), &s.plan); err != nil {
		log.Panicf("no plan: %v", err)
	}
	s.api = model.NewAPIv4Client(fmt.Sprintf("http://%s:%d", s.Host, s.RestPort))
	s.user = must(s.api.Login(s.ctx, s.Username, s.Password))
	address := fmt.Sprintf("ws://%s:%d", s.Host, s.WebsocketPort)
	socket, err := model.NewWebSocketClient4(address, s.api.AuthToken)
	if err != nil {
		log.Panicf("no socket: %v", err)
	}
	s.socket = socket
	s.socket.Listen()
	s.waitFor(model.WebsocketEventHello, func(*model.WebSocketEvent) bool { return true })
	s.errands()
	fmt.Println("ready")
	lines.Scan()

	s.converse()
	seen, err := json.Marshal(s.history())
	if err != nil {
		log.Panicf("%v", err)
	}
	s.leave()
	fmt.Println(string(seen))
}
