// Photos dropped on the form, shown before they are sent; a word while they are compared. Without JavaScript: a file field.
const form = document.querySelector('[data-ask]');
const drop = form.querySelector('[data-drop]');
const field = form.querySelector('input[type="file"]');
const previews = form.querySelector('[data-previews]');
let shown = [];

function show() {
  shown.forEach((url) => URL.revokeObjectURL(url));
  shown = [...field.files].map((file) => URL.createObjectURL(file));
  previews.replaceChildren(...shown.map((url) => {
    const item = document.createElement('li');
    const image = document.createElement('img');
    image.src = url;
    image.alt = '';
    item.append(image);
    return item;
  }));
  previews.hidden = shown.length === 0;
}

field.addEventListener('change', show);
for (const kind of ['dragenter', 'dragover']) {
  drop.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.add('over');
  });
}
drop.addEventListener('dragleave', () => drop.classList.remove('over'));
drop.addEventListener('drop', (event) => {
  event.preventDefault();
  drop.classList.remove('over');
  const photos = [...event.dataTransfer.files].filter((file) => file.type.startsWith('image/'));
  if (photos.length === 0) return;
  const given = new DataTransfer();
  photos.forEach((file) => given.items.add(file));
  field.files = given.files;
  show();
});
form.addEventListener('submit', () => {
  form.querySelector('[data-send]').disabled = true;
  form.querySelector('[data-busy]').hidden = false;
});
window.addEventListener('pageshow', () => {
  form.querySelector('[data-send]').disabled = false;
  form.querySelector('[data-busy]').hidden = true;
});
