// One side of a conversation, held by the unchanged @mattermost/client.
//
// The first line of standard input says who and where (JSON); "ready" is printed once the socket is open; a second line
// starts the conversation; the last line printed is what was seen (JSON).

'use strict';

const assert = require('node:assert/strict');
const readline = require('node:readline');
const {Client4, WebSocketClient} = require('@mattermost/client');

const SECONDS = 30;
const lines = readline.createInterface({input: process.stdin})[Symbol.asyncIterator]();
const log = console.log;
console.log = (...said) => console.error(...said); // the library's own words are not ours

const events = [];
const waiting = new Set();

function waitFor(name, isRight = () => true) {
    const find = () => events.find((event) => event.event === name && isRight(event.data));
    return new Promise((resolve, reject) => {
        const look = () => {
            const found = find();
            if (found) {
                clearTimeout(timer);
                waiting.delete(look);
                resolve(found.data);
            }
        };
        const timer = setTimeout(
            () => reject(new Error(`waited for ${name} in vain; saw ${events.map((event) => event.event)}`)),
            SECONDS * 1000,
        );
        waiting.add(look);
        look();
    });
}

const postOf = (data) => JSON.parse(data.post);
const waitForPost = async (message, name = 'posted') =>
    postOf(await waitFor(name, (data) => postOf(data).message === message));

async function main() {
    const plan = JSON.parse((await lines.next()).value);
    const {me, peer, channel_id} = plan;
    const client = new Client4();
    client.setUrl(`http://${plan.host}:${plan.rest_port}`);
    const say = (message, fields = {}) => client.createPost({channel_id, message, ...fields});

    const user = await client.login(plan.username, plan.password);
    assert.equal((await client.getMe()).id, user.id);
    const socket = new WebSocketClient();
    socket.addMessageListener((event) => {
        events.push(event);
        [...waiting].forEach((look) => look());
    });
    socket.addMissedMessageListener(() => {
        throw new Error('missed messages');
    });
    socket.initialize(`ws://${plan.host}:${plan.websocket_port}/api/v4/websocket`, client.getToken(), true);
    await waitFor('hello');
    log('ready');
    await lines.next();

    const hello = await say(`hello from ${me}`, {pending_post_id: `${user.id}:${Date.now()}`});
    const theirs = await waitForPost(`hello from ${peer}`);
    await say(`reply from ${me}`, {root_id: theirs.id});
    assert.equal((await waitForPost(`reply from ${peer}`)).root_id, hello.id);
    assert.equal((await client.getPostThread(hello.id)).order[0], hello.id);

    await client.addReaction(user.id, theirs.id, 'thumbsup');
    await waitFor('reaction_added', (data) => JSON.parse(data.reaction).post_id === hello.id);
    await client.patchPost({id: hello.id, message: `edited by ${me}`});
    assert.equal((await waitForPost(`edited by ${peer}`, 'post_edited')).id, theirs.id);

    const form = new FormData();
    form.append('channel_id', channel_id);
    form.append('client_ids', 'mine');
    form.append('files', new Blob([`a file of ${me}\n`.repeat(1000)]), `${me}.txt`);
    const uploaded = (await client.uploadFile(form)).file_infos[0];
    const filed = await say(`file from ${me}`, {file_ids: [uploaded.id]});
    const got = await waitForPost(`file from ${peer}`);
    assert.equal(got.metadata.files[0].name, `${peer}.txt`);
    const fetched = await fetch(client.getFileUrl(got.file_ids[0], 0), client.getOptions({method: 'get'}));
    assert.equal(await fetched.text(), `a file of ${peer}\n`.repeat(1000));
    await say(`fetched by ${me}`);
    await waitForPost(`fetched by ${peer}`);
    await client.deletePost(filed.id);
    await waitFor('post_deleted', (data) => postOf(data).id === got.id);
    await say(`done, ${me}`);
    await waitForPost(`done, ${peer}`);

    const seen = [];
    for (let page = 0; ; page++) {
        const {order, posts} = await client.getPosts(channel_id, page, 3);
        seen.push(...order.map((id) => posts[id]).filter((post) => !post.type).map((post) => post.message));
        if (order.length < 3) {
            break;
        }
    }
    socket.close();
    log(JSON.stringify(seen));
    process.exit(0);
}

main().catch((error) => {
    console.error(error);
    process.exit(1);
});
