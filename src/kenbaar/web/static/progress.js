// Live progress of long work: without JavaScript the page shows where it was when it was loaded.
const box = document.querySelector('[data-events]');
if (box && box.dataset.events) {
  const state = box.querySelector('[data-state]');
  const source = new EventSource(box.dataset.events);
  source.onmessage = (event) => {
    const told = JSON.parse(event.data);
    const bar = box.querySelector('[data-progress]');
    bar.max = told.total || 1;
    bar.value = told.done;
    box.querySelector('[data-done]').textContent = told.done;
    box.querySelector('[data-total]').textContent = told.total;
    if (told.state !== state.dataset.state) {
      source.close();
      location.reload();
    }
  };
}
