// Takes photos of whoever enrols with their own camera, and puts them where chosen files go: nothing is sent before the
// form is. Without a camera, or without leave to use it, files are chosen instead.
const box = document.querySelector('[data-camera]');
const input = document.querySelector('input[type="file"][name="photo"]');
const MOST = 3;
const DARK = 60; // mean brightness, 0 to 255, below which more light is asked for

if (box && input && navigator.mediaDevices && 'DataTransfer' in window) {
  const find = (name) => box.querySelector(`[data-${name}]`);
  const video = find('video');
  const words = find('words');
  const taken = find('taken');
  const photos = new DataTransfer();
  const say = (name) => { words.textContent = box.dataset[name]; };
  // Straight first; then two turns in a random order: several views make fewer misses.
  const turns = Math.random() < 0.5 ? ['left', 'right'] : ['right', 'left'];
  const steps = ['straight', ...turns];
  let stream = null;
  box.hidden = false;

  function firstFrame() {
    return new Promise((seen) => {
      if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(seen);
      else setTimeout(seen, 500);
    });
  }

  function frame() {
    const canvas = document.createElement('canvas');
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    canvas.getContext('2d').drawImage(video, 0, 0);
    return canvas;
  }

  function brightness(canvas) {
    const small = document.createElement('canvas');
    small.width = small.height = 16;
    const context = small.getContext('2d');
    context.drawImage(canvas, 0, 0, 16, 16);
    const pixels = context.getImageData(0, 0, 16, 16).data;
    let sum = 0;
    for (let i = 0; i < pixels.length; i += 4) sum += 0.299 * pixels[i] + 0.587 * pixels[i + 1] + 0.114 * pixels[i + 2];
    return sum / 256;
  }

  function stop() {
    if (stream) stream.getTracks().forEach((track) => track.stop());
    stream = null;
    video.hidden = true;
    find('take').hidden = true;
  }

  find('start').addEventListener('click', async () => {
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'user', width: { ideal: 1280 } }, audio: false });
    } catch (err) {
      say(err.name === 'NotAllowedError' ? 'refused' : 'none');
      return;
    }
    video.srcObject = stream;
    await video.play();
    await firstFrame(); // before it the camera shows black
    video.hidden = false;
    find('start').hidden = true;
    find('take').hidden = false;
    say(steps[photos.files.length]);
  });

  find('take').addEventListener('click', () => {
    const canvas = frame();
    if (brightness(canvas) < DARK) {
      say('dark');
      return;
    }
    canvas.toBlob((blob) => {
      photos.items.add(new File([blob], `${photos.files.length + 1}.jpg`, { type: 'image/jpeg' }));
      input.files = photos.files;
      const small = document.createElement('img');
      small.src = URL.createObjectURL(blob);
      small.alt = '';
      small.width = 96;
      taken.append(small);
      if (photos.files.length >= MOST) {
        stop();
        say('done');
      } else {
        say(steps[photos.files.length]);
      }
    }, 'image/jpeg', 0.92);
  });

  window.addEventListener('pagehide', stop);
}
