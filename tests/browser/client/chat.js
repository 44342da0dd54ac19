// A client as small as it can be: signs in with cookies, shows one channel, posts to it. The test calls window.chat.

'use strict';

const base = (window.publicPath || '/static/').replace('/static/', '');
const api = `${location.origin}${base}/api/v4`;
const list = document.getElementById('posts');

const cookie = (name) => new Map(document.cookie.split('; ').map((pair) => pair.split('='))).get(name);

async function ask(method, path, value) {
    const headers = {'X-Requested-With': 'XMLHttpRequest'};
    if (method !== 'GET') {
        headers['X-CSRF-Token'] = cookie('MMCSRF') || '';
        headers['Content-Type'] = 'application/json';
    }
    const response = await fetch(api + path, {method, headers, credentials: 'include', body: JSON.stringify(value)});
    const answer = await response.json();
    if (!response.ok) {
        throw new Error(`${path}: ${response.status} ${answer.id}`);
    }
    return answer;
}

function show(post) {
    if (!post.type && !document.getElementById(post.id)) {
        const item = document.createElement('li');
        item.id = post.id;
        item.textContent = post.message;
        list.append(item);
    }
}

const messages = () => [...list.children].map((item) => item.textContent);

window.chat = {
    channel: '',

    signIn: (login_id, password) => ask('POST', '/users/login', {login_id, password}),

    // Resolves with the id of the connection once the socket is open.
    async open(channel) {
        this.channel = channel;
        list.replaceChildren();
        const socket = new WebSocket(`${api.replace(/^http/, 'ws')}/websocket`);
        const hello = await new Promise((resolve, reject) => {
            socket.onerror = () => reject(new Error('the socket was refused'));
            socket.onmessage = (message) => resolve(JSON.parse(message.data));
        });
        socket.onmessage = (message) => {
            const frame = JSON.parse(message.data);
            if (frame.event === 'posted') {
                show(JSON.parse(frame.data.post));
            }
        };
        const {order, posts} = await ask('GET', `/channels/${channel}/posts`);
        order.reverse().forEach((id) => show(posts[id]));
        return hello.data.connection_id;
    },

    say(message) {
        return ask('POST', '/posts', {channel_id: this.channel, message});
    },

    // Resolves with all messages once there are so many.
    shows: (count) => new Promise((resolve) => {
        const look = () => messages().length >= count && resolve(messages());
        new MutationObserver(look).observe(list, {childList: true});
        look();
    }),

    signOut: () => ask('POST', '/users/logout'),
};
